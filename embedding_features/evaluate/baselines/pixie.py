"""Random walks from a user's items."""

from dataclasses import dataclass
from typing import Literal

from embedding_features.arrays import F32, I64
from embedding_features.evaluate.baselines.base import Baseline, Fitted
from embedding_features.graph.csr import CSR
from embedding_features.progress import SILENT, Progress
from embedding_features.walks.pixie import PixieWalks


class Pixie(Baseline):
    """Scores items by the walks with restarts from the user's that visit them (Pixie, WWW 2018).

    Nothing is learned: walks go at the time of the question.

    Attributes:
        walks: how they go, and how visits become a score.
        seed: of the walks.
    """

    kind: Literal["pixie"] = "pixie"
    walks: PixieWalks = PixieWalks()
    seed: int = 0

    def fit(self, matrix: CSR, *, progress: Progress = SILENT) -> "WalkedItems":  # noqa: ARG002
        """Hold the matrix in both directions."""
        return WalkedItems(self.walks, matrix, matrix.transposed(), self.seed)


@dataclass(frozen=True)
class WalkedItems(Fitted):
    """Holds the walks, what they go along, [users, items] and back, and their seed."""

    walks: PixieWalks
    forward: CSR
    reverse: CSR
    seed: int

    def scores(self, rows: I64) -> F32:
        """Return the scores by the visits of the rows' walks."""
        return self.walks.scores(self.forward, self.reverse, rows, seed=self.seed)
