"""DeepWalk's implicit matrix, factored explicitly."""

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
    tunable={"window": Range(1, 20), "negatives": Range(0.5, 10.0, log=True)},
)
def netmf(
    dim: int = 128,
    window: int = 10,
    negatives: float = 1.0,
    relations: tuple[str, ...] | None = None,
) -> "ClosedForm":
    """NetMF (Qiu et al., WSDM 2018): a factor of the matrix that DeepWalk's skip-gram approaches.

    Memory grows with the square of the nodes: for graphs of tens of thousands of nodes.
    """
    from embedding_features.graph.view import View
    from embedding_features.methods.closed_form import ClosedForm
    from embedding_features.solvers.proximity import NetMF

    return ClosedForm(
        view=View(relations=relations or "all"),
        solver=NetMF(dim=dim, window=window, negatives=negatives),
    )
