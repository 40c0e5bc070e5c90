"""Bayesian factorization of likes and dislikes, with attributes of users and items in its priors."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.closed_form import ClosedForm


@method(
    family="collaborative",
    exports="user and item vectors",
    weights="signed",
    tunable={
        "factors": Range(2, 64, log=True),
    },
)
def bpmf(
    dim: int = 64,
    factors: int = 16,
    burn_in: int = 20,
    draws: int = 40,
    attributes: tuple[str, ...] = (),
    relation: str | None = None,
) -> "ClosedForm":
    """Bayesian probabilistic matrix factorization (Salakhutdinov & Mnih, ICML 2008) of signed pairs.

    P(u likes i) = Φ(m + b_u + c_i + ⟨p_u, q_i⟩), a like being an edge of positive weight, a dislike one of
    negative weight. Scores are averaged over draws of the Gibbs sampler, so they shrink with what is unknown,
    and ⟨user, item⟩ is that mean. ``attributes`` names relations (genres, demographics, a knowledge graph)
    that move the prior means (Macau: Simm et al., MLSP 2017).
    """
    from embedding_features.graph.view import View
    from embedding_features.methods.closed_form import ClosedForm
    from embedding_features.solvers.bpmf import BPMF

    return ClosedForm(
        view=View.of(relation, *attributes, nodes="all"),
        solver=BPMF(dim=dim, factors=factors, burn_in=burn_in, draws=draws),
    )
