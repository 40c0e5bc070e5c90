"""The composition that methods of random walks share: skip-grams of walks over a view."""

from typing import Literal

from embedding_features.graph.view import View
from embedding_features.methods.closed_form import ClosedForm
from embedding_features.sampling import Popularity
from embedding_features.solvers.sgns import SGNS, SkipGramOfWalks
from embedding_features.walks import Walks


def skip_grams(
    view: View,
    walks: Walks,
    *,
    dim: int,
    walks_per_node: int,
    window: int,
    negatives: int,
    lr: float,
    noise: Literal["own_type", "all_types"] = "own_type",
) -> ClosedForm:
    """Return the composition of walks and skip-grams with negative sampling.

    Args:
        view: what is walked over.
        walks: how.
        dim: width of the vectors.
        walks_per_node: walks from each start.
        window: largest distance of a pair, in steps.
        negatives: drawn for each node of a walk, by the number of edges to the power of 3/4.
        lr: learning rate of the first walk.
        noise: whether negatives are of a node's own type, or of any.
    """
    skip_gram = SGNS(
        dim=dim,
        walks_per_node=walks_per_node,
        window=window,
        negatives=Popularity(count=negatives),
        noise=noise,
        learning_rate=lr,
    )
    return ClosedForm(view=view, solver=SkipGramOfWalks(walks=walks, skip_gram=skip_gram))
