"""Chances of walks, factored with features of the nodes."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.closed_form import ClosedForm


@method(
    family="proximity",
    exports="vectors of the first relation's node types",
    weights="confidence",
    needs="one relation, and others to features of its nodes",
    tunable={"regularization": Range(1e-2, 10.0, log=True)},
)
def tadw(
    dim: int = 160,
    feature_dim: int = 200,
    regularization: float = 0.2,
    attributes: tuple[str, ...] | None = None,
    relation: str | None = None,
) -> "ClosedForm":
    """TADW (Yang et al., IJCAI 2015): chances of one and two steps as products of vectors and features.

    ``attributes`` names relations to features (words, tags, genres) of the first relation's node types; by
    default all others of the graph; without any every node is a feature of its own.
    """
    from embedding_features.graph.view import View
    from embedding_features.methods.closed_form import ClosedForm
    from embedding_features.solvers.proximity import TADW

    return ClosedForm(
        view=View.of(relation, *(attributes or ())) if relation else View(),
        solver=TADW(dim=dim, feature_dim=feature_dim, regularization=regularization),
    )
