"""Vectors of neighbourhoods of items."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.closed_form import ClosedForm


@method(
    family="collaborative",
    exports="user and item vectors",
    weights="ignored",
    tunable={
        "neighbours": Range(20, 500, log=True),
        "shrinkage": Range(0.0, 200.0),
        "alpha": Range(0.2, 0.8),
    },
)
def low_rank_item_knn(
    dim: int = 64,
    neighbours: int = 200,
    shrinkage: float = 50.0,
    idf: bool = True,
    alpha: float = 0.5,
    iterations: int = 4,
    relation: str | None = None,
) -> "ClosedForm":
    """Low-rank item-kNN (Sarwar et al., WWW 2001): the scores of nearest items, as vectors.

    X B ≈ X B V Vᵀ with V the leading right singular vectors of X B;  user = X B V,  item = V.

    Column i of B has the cosines of item i with its nearest items, shrunk where few users have both; with
    ``idf`` users of many items tell less, and with an ``alpha`` below ½ popular items are found more easily.
    """
    from embedding_features.evaluate.baselines import ItemKNN
    from embedding_features.graph.view import View
    from embedding_features.methods.closed_form import ClosedForm
    from embedding_features.solvers.item_weights import ItemWeights

    return ClosedForm(
        view=View.of(relation, nodes="all", weights="one"),
        solver=ItemWeights(
            dim=dim,
            baseline=ItemKNN(neighbours=neighbours, shrinkage=shrinkage, idf=idf, alpha=alpha),
            iterations=iterations,
        ),
    )
