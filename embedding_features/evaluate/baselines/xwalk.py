"""Random walks from the asking side of a typed graph."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.evaluate.baselines.base import Baseline, Fitted
from embedding_features.graph.adjacency import joined_adjacency
from embedding_features.graph.csr import CSR
from embedding_features.graph.relation import Relation
from embedding_features.graph.view import GraphView
from embedding_features.progress import SILENT, Progress
from embedding_features.walks.visits import VisitCounts


class XWalk(Baseline):
    """Scores items by the visits of walks with restarts from the asking node itself.

    XWalk (Eskreis-Winkler, Kim & Stanton, SIGIR eCom 2023) walks from a search query over the graph of what
    was done with products; here any node asks, over all relations of a view, by the weights of edges.

    Attributes:
        visits: the walks; ``top`` nodes of all types are kept.
        seed: of the walks.
    """

    kind: Literal["xwalk"] = "xwalk"
    visits: VisitCounts = VisitCounts(steps=20_000, restart=0.4, top=2000)
    seed: int = 0

    def fit(self, matrix: CSR, *, progress: Progress = SILENT) -> "WalkedNodes":  # noqa: ARG002
        """Lay the walks over one relation, users before items."""
        one = Relation("has", "source", "target", matrix, matrix.transposed())
        adjacency = joined_adjacency([one], [(0, matrix.rows)], matrix.rows + matrix.columns, "none")
        return WalkedNodes(self.visits, adjacency, 0, slice(matrix.rows, adjacency.rows), self.seed)

    def over(self, view: GraphView, sources: str, targets: str) -> "WalkedNodes":
        """Lay the walks over all relations of a view, from nodes of one type to those of another."""
        return WalkedNodes(
            self.visits, view.adjacency(), view.span(sources).start, view.span(targets), self.seed
        )


@dataclass(frozen=True)
class WalkedNodes(Fitted):
    """Holds the walks, the graph, where sources begin and which rows the targets are, and the seed."""

    visits: VisitCounts
    adjacency: CSR
    first: int
    targets: slice
    seed: int

    def scores(self, rows: I64) -> F32:
        """Return the numbers of visits to the targets."""
        found = self.visits.count(self.adjacency, np.asarray(rows) + self.first, seed=self.seed)
        scores = np.zeros((len(rows), self.targets.stop - self.targets.start), np.float32)
        there = (found.nodes >= self.targets.start) & (found.nodes < self.targets.stop)
        asked, _ = np.nonzero(there)
        scores[asked, found.nodes[there] - self.targets.start] = found.counts[there]
        return scores
