"""Gibbs sampling of a factor model of likes and dislikes, and the vectors that give its mean scores."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import scipy.special
from pydantic import Field

from embedding_features.arrays import F32, F64, I64
from embedding_features.errors import GraphError
from embedding_features.graph.attributed import AttributedView
from embedding_features.graph.csr import CSR
from embedding_features.graph.propagation import balanced_chunks
from embedding_features.graph.views import BipartiteView
from embedding_features.graph.weights import WeightUse
from embedding_features.progress import SILENT, Progress
from embedding_features.solvers.base import Solver
from embedding_features.solvers.bpmf.draws import draw_rows, hidden_scores, pair_scores
from embedding_features.solvers.bpmf.low_rank import low_rank
from embedding_features.solvers.bpmf.prior import Indicators, Prior


class BPMF(Solver):
    """P(u likes i) = Φ(m + b_u + c_i + ⟨p_u, q_i⟩), every part but m drawn from its posterior.

    Salakhutdinov & Mnih (ICML 2008) with a probit link (Albert & Chib 1993): each sweep draws the hidden
    score of every pair given its sign, each user's (b, p) given the items', and each item's (c, q). Where the
    view has attributes, they move the means of the priors (Macau: Simm et al., MLSP 2017).

    Scores are averaged over the draws kept after ``burn_in``; the vectors are the factors of rank ``dim`` of
    that mean score matrix, m included, so ⟨user, item⟩ is a pair's mean hidden score.
    The draws kept take (factors + 2) · draws · 4 bytes a node.

    Attributes:
        dim: width of the vectors.
        factors: width of p and q.
        burn_in: sweeps before the first draw kept.
        draws: draws kept, one every second sweep.
    """

    weights: ClassVar[WeightUse] = "signed"
    kind: Literal["bpmf"] = "bpmf"
    dim: int = Field(default=64, ge=1)
    factors: int = Field(default=16, ge=1)
    burn_in: int = Field(default=20, ge=0)
    draws: int = Field(default=40, ge=1)

    def solve(self, view: BipartiteView, *, seed: int = 0, progress: Progress = SILENT) -> tuple[F32, F32]:
        """See :meth:`Solver.solve`. A positive weight is a like, a negative one a dislike.

        Raises:
            GraphError: when a pair's weight is 0.
        """
        rng = np.random.default_rng(seed)
        chain = _Chain.start(view, self.factors, rng)
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


@dataclass
class _Side:
    """One side's rows [b, p] and what they are drawn from."""

    matrix: CSR
    bounds: I64
    prior: Prior
    rows: F64

    @classmethod
    def start(cls, matrix: CSR, attributes: Indicators, factors: int, rng: np.random.Generator) -> "_Side":
        rows = rng.standard_normal((matrix.rows, 1 + factors)) * 0.6 / factors**0.5
        rows[:, 0] = 0
        return cls(matrix, balanced_chunks(matrix), Prior(attributes, 1 + factors), rows)

    def draw(self, target: F64, other: F64, rng: np.random.Generator) -> None:
        """Draw all rows given ``target`` [edges] and the ``other`` side's, whose levels are taken out."""
        mean, precision = self.prior.draw(self.rows, rng)
        matrix, loading = self.matrix, np.concatenate([np.ones((len(other), 1)), other[:, 1:]], axis=1)
        residual = target - other[matrix.indices, 0]
        noise = rng.standard_normal(self.rows.shape)
        draw_rows(
            matrix.indptr, matrix.indices, residual, loading, mean, precision, noise, self.bounds, self.rows
        )


@dataclass
class _Chain:
    """The state of the sampler: both sides, and each pair's sign in the order of either side."""

    users: _Side
    items: _Side
    sign: F64
    level: float
    to_reverse: I64

    @classmethod
    def start(cls, view: BipartiteView, factors: int, rng: np.random.Generator) -> "_Chain":
        sign = np.sign(view.forward.weights()).astype(np.float64)
        if not sign.all():
            raise GraphError(
                "bpmf reads likes and dislikes from the sign of a pair's weight, and one is 0",
                fix="filter pairs whose weights add up to 0",
            )
        likes, pairs = int((sign > 0).sum()), len(sign)
        attributes = (
            (view.src_attributes, view.dst_attributes) if isinstance(view, AttributedView) else (None, None)
        )
        users = _Side.start(view.forward, attributes[0], factors, rng)
        items = _Side.start(view.reverse, attributes[1], factors, rng)
        level = float(scipy.special.ndtri((likes + 1) / (pairs + 2)))
        # a stable sort by destination is the order of the transpose: sources ascend within a destination
        return cls(users, items, sign, level, np.argsort(view.forward.indices, kind="stable"))

    def sweep(self, rng: np.random.Generator) -> None:
        target = hidden_scores(self._scores() + self.level, self.sign, rng) - self.level
        self.users.draw(target, self.items.rows, rng)
        self.items.draw(target[self.to_reverse], self.users.rows, rng)

    def _scores(self) -> F64:
        """[edges] b + c + ⟨p, q⟩ in the order of ``users.matrix``."""
        left, right = _loaded(self.users.rows, first=True), _loaded(self.items.rows, first=False)
        matrix, out = self.users.matrix, np.empty(self.users.matrix.edges)
        pair_scores(matrix.indptr, matrix.indices, left, right, self.users.bounds, out)
        return out

    def sample(self) -> tuple[F32, F32]:
        """[users, factors + 2] and [items, factors + 2] whose products are the scores, level included."""
        left, right = _loaded(self.users.rows, first=True), _loaded(self.items.rows, first=False)
        left[:, 0] += self.level
        return left.astype(np.float32), right.astype(np.float32)


def _loaded(rows: F64, first: bool) -> F64:
    """[b, p] as [b, 1, p] of the first side, [1, c, q] of the other."""
    ones = np.ones((len(rows), 1))
    parts = [rows[:, :1], ones] if first else [ones, rows[:, :1]]
    return np.concatenate([*parts, rows[:, 1:]], axis=1)
