"""Proximity of first and second order, by sampled edges."""

from typing import TYPE_CHECKING, Literal

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.closed_form import ClosedForm


@method(
    family="proximity",
    exports="vectors of all node types",
    weights="confidence",
    needs="any relations",
    tunable={"negatives": Range(1, 20), "lr": Range(5e-3, 0.1, log=True)},
)
def line(
    dim: int = 128,
    order: Literal["first", "second", "both"] = "both",
    samples_per_node: int = 800,
    negatives: int = 5,
    lr: float = 0.025,
    relations: tuple[str, ...] | None = None,
) -> "ClosedForm":
    """LINE (Tang et al., WWW 2015): edges drawn by weight pull vectors of their ends, and contexts, together.

    ``order`` is ``"first"`` (near are neighbours), ``"second"`` (near are those with the same neighbours) or
    ``"both"``, each in half of ``dim``. ``samples_per_node`` edges are drawn for each node and order.
    """
    from embedding_features.graph.view import View
    from embedding_features.methods.closed_form import ClosedForm
    from embedding_features.solvers.line import LINE

    return ClosedForm(
        view=View(relations=relations or "all"),
        solver=LINE(
            dim=dim, order=order, samples_per_node=samples_per_node, negatives=negatives, learning_rate=lr
        ),
    )
