"""The Markov chain of the Gibbs sampler: both sides' rows, drawn in turn."""

from dataclasses import dataclass

import numpy as np
import scipy.special

from embedding_features.arrays import F32, F64, I64
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.indicators import Indicators
from embedding_features.graph.propagation import balanced_chunks
from embedding_features.graph.relation import Relation
from embedding_features.solvers.bpmf.draws import draw_rows, hidden_scores, pair_scores
from embedding_features.solvers.bpmf.prior import Prior


@dataclass
class Side:
    """The rows [b, p] of one side, and what they are drawn from."""

    matrix: CSR
    bounds: I64
    prior: Prior
    rows: F64

    @classmethod
    def start(cls, matrix: CSR, attributes: Indicators, factors: int, rng: np.random.Generator) -> "Side":
        """Return the side with random p and b = 0."""
        rows = rng.standard_normal((matrix.rows, 1 + factors)) * 0.6 / factors**0.5
        rows[:, 0] = 0
        return cls(matrix, balanced_chunks(matrix), Prior(attributes, 1 + factors), rows)

    def draw(self, target: F64, other: F64, rng: np.random.Generator) -> None:
        """Draw all rows given ``target`` [edges] and the rows of the ``other`` side."""
        mean, precision = self.prior.draw(self.rows, rng)
        matrix, loading = self.matrix, np.concatenate([np.ones((len(other), 1)), other[:, 1:]], axis=1)
        residual = target - other[matrix.indices, 0]
        noise = rng.standard_normal(self.rows.shape)
        draw_rows(
            matrix.indptr, matrix.indices, residual, loading, mean, precision, noise, self.bounds, self.rows
        )


@dataclass
class Chain:
    """The state of the sampler: both sides, and each pair's sign in the order of either side."""

    users: Side
    items: Side
    sign: F64
    level: float
    to_reverse: I64

    @classmethod
    def start(
        cls,
        matrix: Relation,
        attributes: tuple[Indicators, Indicators],
        factors: int,
        rng: np.random.Generator,
    ) -> "Chain":
        """Return the sampler before its first sweep.

        Raises:
            GraphError: when a pair's weight is 0.
        """
        sign = np.sign(matrix.forward.weights()).astype(np.float64)
        if not sign.all():
            raise GraphError(
                "bpmf reads likes and dislikes from the sign of a pair's weight, and one is 0",
                fix="filter pairs whose weights add up to 0",
            )
        likes, pairs = int((sign > 0).sum()), len(sign)
        users = Side.start(matrix.forward, attributes[0], factors, rng)
        items = Side.start(matrix.reverse, attributes[1], factors, rng)
        level = float(scipy.special.ndtri((likes + 1) / (pairs + 2)))
        # a stable sort by destination is the order of the transpose: sources ascend within a destination
        return cls(users, items, sign, level, np.argsort(matrix.forward.indices, kind="stable"))

    def sweep(self, rng: np.random.Generator) -> None:
        """Draw the hidden scores, then all users, then all items."""
        target = hidden_scores(self._scores() + self.level, self.sign, rng) - self.level
        self.users.draw(target, self.items.rows, rng)
        self.items.draw(target[self.to_reverse], self.users.rows, rng)

    def _scores(self) -> F64:
        """Return [edges] b + c + ⟨p, q⟩ in the order of ``users.matrix``."""
        left, right = self._vectors()
        matrix, out = self.users.matrix, np.empty(self.users.matrix.edges)
        pair_scores(matrix.indptr, matrix.indices, left, right, self.users.bounds, out)
        return out

    def _vectors(self) -> tuple[F64, F64]:
        """Return [b, 1, p] of each user and [1, c, q] of each item, whose products are the scores."""
        users, items = self.users.rows, self.items.rows
        return (
            np.concatenate([users[:, :1], np.ones((len(users), 1)), users[:, 1:]], axis=1),
            np.concatenate([np.ones((len(items), 1)), items], axis=1),
        )

    def sample(self) -> tuple[F32, F32]:
        """Return [users, factors + 2] and [items, factors + 2] whose products are the scores, m included."""
        left, right = self._vectors()
        left[:, 0] += self.level
        return left.astype(np.float32), right.astype(np.float32)
