"""A sparse factorization, propagated through a band of the spectrum."""

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
    tunable={"order": Range(2, 20), "mu": Range(0.0, 1.0), "theta": Range(0.1, 10.0, log=True)},
)
def prone(
    dim: int = 128,
    order: int = 10,
    mu: float = 0.2,
    theta: float = 0.5,
    relations: tuple[str, ...] | None = None,
) -> "ClosedForm":
    """ProNE (Zhang et al., IJCAI 2019): factors of the edges' log chances, filtered by the graph's spectrum.

    Time and memory grow with the edges.
    """
    from embedding_features.graph.view import View
    from embedding_features.methods.closed_form import ClosedForm
    from embedding_features.solvers.proximity import ProNE

    return ClosedForm(
        view=View(relations=relations or "all"),
        solver=ProNE(dim=dim, order=order, mu=mu, theta=theta),
    )
