"""Two towers, of users with their histories and of items."""

from typing import TYPE_CHECKING, Literal

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.trained import Trained


@method(
    family="retrieval",
    exports="user and item vectors",
    weights="ignored",
    tunable={"temperature": Range(0.05, 0.3, log=True), "lr": Range(3e-4, 1e-2, log=True)},
)
def two_tower(
    dim: int = 64,
    widths: tuple[int, ...] = (),
    negatives: int = 800,
    temperature: float = 0.08,
    lr: float = 2e-3,
    batch_size: int = 1024,
    epochs: int = 12,
    early_stop: str | None = "recall@20",
    attributes: tuple[str, ...] = (),
    nodes: Literal["with edges", "all"] = "with edges",
    relation: str | None = None,
) -> "Trained":
    """Two-tower retrieval (Yi et al., RecSys 2019): a softmax, corrected by how often items are sampled.

    A user's tower adds a vector of the user and the mean of the user's other items, through layers of
    these ``widths`` where there are any; an item's is its vector. Features of both, the columns of their
    tables and relations to words or tags that ``attributes`` names, are added to their vectors; with
    ``nodes: all`` nodes without an edge have vectors as well, which their features make.

    The softmax is over the batch's items and ``negatives`` drawn evenly (mixed negative sampling, Yang et
    al., WWW 2020). Learned and compared by cosine: after the correction it tells how popular an item is, too,
    and lengths would tell it twice. The learning rate falls to 0 over ``epochs``, of which the best by
    recall@20 on 5 % of the pairs counts; ``early_stop: null`` learns from all pairs.
    """
    from embedding_features.encoders import TwoTowers
    from embedding_features.graph.view import View
    from embedding_features.methods.task import Task
    from embedding_features.methods.trained import Trained
    from embedding_features.objectives import SharedSoftmax
    from embedding_features.sampling import InBatchPairs
    from embedding_features.scorers import Cosine
    from embedding_features.training import Adam, Training

    return Trained(
        view=View.of(relation, weights="one", nodes=nodes, attributes=attributes),
        encoder=TwoTowers(dim=dim, std=0.01, hidden=widths),
        tasks=(
            Task(
                sampler=InBatchPairs(count=negatives, correct=True),
                objective=SharedSoftmax(temperature=temperature, products="bfloat16"),
                scorer=Cosine(),
            ),
        ),
        training=Training(
            optimizer=Adam(lr=lr),
            lr_decay="linear",
            batch_size=batch_size,
            epochs=epochs,
            early_stop=early_stop,
        ),
    )
