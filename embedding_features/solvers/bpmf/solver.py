"""Bayesian factorization of likes and dislikes: the vectors that give the mean scores of its draws."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from embedding_features.arrays import F32
from embedding_features.graph.indicators import attribute_indicators
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.progress import SILENT, Progress
from embedding_features.solvers.base import BipartiteSolver
from embedding_features.solvers.bpmf.chain import Chain
from embedding_features.solvers.bpmf.low_rank import low_rank


class BPMF(BipartiteSolver):
    """Samples P(u likes i) = Φ(m + b_u + c_i + ⟨p_u, q_i⟩), every term but m drawn from its posterior.

    Salakhutdinov & Mnih (ICML 2008) with a probit link (Albert & Chib 1993): each sweep draws the hidden
    score of every pair given its sign, each user's (b, p) given the items', and each item's (c, q). Where the
    view has attributes, they move the means of the priors (Macau: Simm et al., MLSP 2017).

    Scores are averaged over the draws kept after ``burn_in``; the vectors are the factors of rank ``dim`` of
    that mean score matrix, m included, so ⟨user, item⟩ is a pair's mean hidden score.
    The draws kept take (factors + 2) · draws · 4 bytes a node.

    Attributes:
        dim: width of the vectors.
        factors: width of p and q.
        burn_in: sweeps before the first draw that is kept.
        draws: number of draws kept, one every second sweep. More of them make the mean less noisy and take
            more time and memory.
        min_attribute_nodes: an attribute of fewer nodes is left out.
    """

    weights: ClassVar[WeightUse] = "signed"
    other_weights: ClassVar[WeightUse | None] = "ignored"
    kind: Literal["bpmf"] = "bpmf"
    dim: int = Field(default=64, ge=1)
    factors: int = Field(default=16, ge=1)
    burn_in: int = Field(default=20, ge=0)
    draws: int = Field(default=40, ge=1)
    min_attribute_nodes: int = Field(default=5, ge=1)

    def solve(self, view: GraphView, *, seed: int = 0, progress: Progress = SILENT) -> tuple[F32, F32]:
        """Compute the vectors; a positive weight is a like, a negative one a dislike.

        Raises:
            GraphError: when a pair's weight is 0.
        """
        rng = np.random.default_rng(seed)
        matrix, attributes = view.matrix(), attribute_indicators(view, self.min_attribute_nodes)
        chain = Chain.start(matrix, (attributes[matrix.src], attributes[matrix.dst]), self.factors, rng)
        kept: list[tuple[F32, F32]] = []
        sweeps = self.burn_in + 2 * self.draws
        with progress.task("bpmf", sweeps + 1) as advance:
            for sweep in range(1, sweeps + 1):
                chain.sweep(rng)
                if sweep > self.burn_in and (sweep - self.burn_in) % 2 == 0:
                    kept.append(chain.sample())
                advance()
            left, right = (np.concatenate(side, axis=1) for side in zip(*kept, strict=True))
            kept.clear()
            vectors = low_rank(left, right, self.dim, self.draws, rng)
            advance()
        return vectors
