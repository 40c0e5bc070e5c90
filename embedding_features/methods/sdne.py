"""Codes of adjacency rows, those of neighbours held together."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.closed_form import ClosedForm


@method(
    family="proximity",
    exports="vectors of all node types",
    weights="confidence",
    needs="any relations",
    tunable={"alpha": Range(1e-3, 1.0, log=True), "beta": Range(1.0, 30.0, log=True)},
)
def sdne(
    dim: int = 128,
    hidden: int = 1000,
    alpha: float = 0.1,
    beta: float = 5.0,
    epochs: int = 60,
    relations: tuple[str, ...] | None = None,
) -> "ClosedForm":
    """SDNE (Wang, Cui & Zhu, KDD 2016): an autoencoder of adjacency rows, codes near where nodes are joined.

    α weighs how near joined nodes are held, β how much more an edge counts than none.
    """
    from embedding_features.graph.view import View
    from embedding_features.methods.closed_form import ClosedForm
    from embedding_features.solvers.proximity import SDNE

    return ClosedForm(
        view=View(relations=relations or "all"),
        solver=SDNE(dim=dim, hidden=hidden, alpha=alpha, beta=beta, epochs=epochs),
    )
