"""Variational matrix factorization of ratings or labels, with biases inside the vectors."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.closed_form import ClosedForm


@method(
    family="collaborative",
    exports="user and item vectors",
    weights="values",
    tunable={
        "sweeps": Range(5, 60),
        "ridge": Range(0.1, 1000.0, log=True),
    },
)
def vbmf(
    dim: int = 10,
    sweeps: int = 25,
    ridge: float = 10.0,
    attributes: tuple[str, ...] = (),
    relation: str | None = None,
) -> "ClosedForm":
    """Variational Bayesian matrix factorization (Lim & Teh, KDD Cup 2007) of ratings or labels.

    y_ui ~ N(m + b_u + c_i + ⟨p_u, q_i⟩, σ²), y the weight of a pair: a rating, or 1 for a like and 0 for a
    dislike. The vectors are (1, b_u, p_u) and (m + c_i, 1, q_i), of ``dim`` numbers, and ⟨user, item⟩ is the
    mean of y. ``attributes`` names relations (genres, demographics) that move the prior means.
    """
    from embedding_features.graph.view import View
    from embedding_features.methods.closed_form import ClosedForm
    from embedding_features.solvers.vbmf import VBMF

    return ClosedForm(
        view=View.of(relation, *attributes, nodes="all", weights="last"),
        solver=VBMF(dim=dim, sweeps=sweeps, ridge=ridge),
    )
