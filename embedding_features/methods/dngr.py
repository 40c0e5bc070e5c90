"""Codes of what random surfing says of nodes."""

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
    tunable={"steps": Range(2, 20), "alpha": Range(0.5, 0.99)},
)
def dngr(
    dim: int = 128,
    hidden: int = 1000,
    steps: int = 10,
    alpha: float = 0.98,
    epochs: int = 10,
    relations: tuple[str, ...] | None = None,
) -> "ClosedForm":
    """DNGR (Cao, Lu & Xu, AAAI 2016): a denoising autoencoder of the mutual information of random surfing.

    Surfing goes on with chance α, for ``steps`` steps. Memory grows up to the square of the nodes.
    """
    from embedding_features.graph.view import View
    from embedding_features.methods.closed_form import ClosedForm
    from embedding_features.solvers.proximity import DNGR

    return ClosedForm(
        view=View(relations=relations or "all"),
        solver=DNGR(dim=dim, hidden=hidden, steps=steps, alpha=alpha, epochs=epochs),
    )
