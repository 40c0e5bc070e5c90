"""Vectors of a linear autoencoder of items."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.closed_form import ClosedForm


@method(
    family="collaborative",
    exports="user and item vectors",
    weights="ignored",
    tunable={"regularization": Range(10.0, 3000.0, log=True)},
)
def low_rank_ease(
    dim: int = 64,
    regularization: float = 300.0,
    iterations: int = 4,
    relation: str | None = None,
) -> "ClosedForm":
    """Low-rank EASE (Steck, WWW 2019): the scores of a linear autoencoder of items, as vectors.

    X B ≈ X B V Vᵀ with V the leading right singular vectors of X B;  user = X B V,  item = V.

    B = I − P / diag(P), P = (XᵀX + λ I)⁻¹. It needs 4 n² bytes of memory, n the smaller number of users and
    items, and n³ multiplications. λ depends on the data.
    """
    from embedding_features.evaluate.baselines import EASE
    from embedding_features.graph.view import View
    from embedding_features.methods.closed_form import ClosedForm
    from embedding_features.solvers.item_weights import ItemWeights

    return ClosedForm(
        view=View.of(relation, nodes="all", weights="one"),
        solver=ItemWeights(dim=dim, baseline=EASE(regularization=regularization), iterations=iterations),
    )
