"""Weighted matrix factorization by alternating least squares."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.closed_form import ClosedForm


@method(
    family="collaborative",
    exports="user and item vectors",
    weights="confidence",
    tunable={
        "unobserved_weight": Range(1e-3, 1.0, log=True),
        "regularization": Range(1e-6, 1.0, log=True),
    },
)
def als(
    dim: int = 64,
    unobserved_weight: float = 0.03,
    regularization: float = 1e-4,
    iterations: int = 10,
    relation: str | None = None,
) -> "ClosedForm":
    """Implicit ALS (Hu, Koren & Volinsky, ICDM 2008; regularized as by Rendle et al., RecSys 2022).

    minimise Σ_{known} w_ui (1 − ⟨x_u, y_i⟩)² + α Σ_{all} ⟨x_u, y_i⟩² + λ Σ_u (Σ_i w_ui + α |I|) |x_u|² + …

    with w the weight of the pair's edges: the more there are, the surer the preference. α and λ depend on the
    data; these are what a validation split of Gowalla's training edges chose at 64 dimensions:
    ``embedding-features tune`` chooses for other data.
    """
    from embedding_features.graph.view import View
    from embedding_features.methods.closed_form import ClosedForm
    from embedding_features.solvers.ials import IALS

    return ClosedForm(
        view=View.of(relation, nodes="all"),
        solver=IALS(
            dim=dim,
            unobserved_weight=unobserved_weight,
            regularization=regularization,
            iterations=iterations,
            cg_steps=2,
        ),
    )
