"""Vectors by sampled edges of several relations."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.closed_form import ClosedForm


@method(
    family="proximity",
    exports="vectors of all node types",
    weights="confidence",
    needs="relations between two node types each",
    tunable={"negatives": Range(1, 20), "lr": Range(5e-3, 0.1, log=True)},
)
def pte(
    dim: int = 128,
    samples_per_node: int = 400,
    negatives: int = 5,
    lr: float = 0.025,
    relations: tuple[str, ...] | None = None,
) -> "ClosedForm":
    """PTE (Tang, Qu & Mei, KDD 2015): relations between two node types, by edges drawn from each in turn.

    ``samples_per_node`` edges of each relation are drawn for each node.
    """
    from embedding_features.graph.view import View
    from embedding_features.methods.closed_form import ClosedForm
    from embedding_features.solvers.line import PTE

    return ClosedForm(
        view=View(relations=relations or "all"),
        solver=PTE(dim=dim, samples_per_node=samples_per_node, negatives=negatives, learning_rate=lr),
    )
