"""Factors of the chances of walks of each length."""

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
    tunable={"steps": Range(1, 6)},
)
def grarep(
    dim: int = 128,
    steps: int = 4,
    relations: tuple[str, ...] | None = None,
) -> "ClosedForm":
    """GraRep (Cao, Lu & Xu, CIKM 2015): factors of the log chances of 1, 2, … steps, side by side.

    Its matrices are dense blocks of nodes by nodes: for graphs of tens of thousands of nodes.
    """
    from embedding_features.graph.view import View
    from embedding_features.methods.closed_form import ClosedForm
    from embedding_features.solvers.proximity import GraRep

    return ClosedForm(
        view=View(relations=relations or "all"),
        solver=GraRep(dim=dim, steps=steps),
    )
