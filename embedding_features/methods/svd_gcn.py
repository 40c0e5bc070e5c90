"""Graph convolution in closed form."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.closed_form import ClosedForm


@method(
    family="collaborative",
    exports="user and item vectors",
    weights="ignored",
    tunable={"shift": Range(0.0, 20.0), "exponent": Range(0.0, 12.0)},
)
def svd_gcn(
    dim: int = 64,
    shift: float = 4.0,
    exponent: float = 6.0,
    iterations: int = 4,
    relation: str | None = None,
) -> "ClosedForm":
    """SVD-GCN-S (Peng, Sugiyama & Mine, CIKM 2022): graph convolution as weighted singular vectors.

    R̃ = (D_u + α)^-½ R (D_i + α)^-½ ≈ U S Vᵀ;  user = U exp(a S),  item = V exp(a S).

    ``shift`` is α and ``exponent`` is a; both depend on the data, and the authors take 90 dimensions on
    Gowalla and 20 on Yelp: more of them want a larger exponent.
    """
    from embedding_features.graph.view import View
    from embedding_features.methods.closed_form import ClosedForm
    from embedding_features.solvers.svd_gcn import SVDGCN

    return ClosedForm(
        view=View.of(relation, nodes="all", weights="one"),
        solver=SVDGCN(dim=dim, shift=shift, exponent=exponent, iterations=iterations),
    )
