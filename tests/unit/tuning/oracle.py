"""A method that is the better the nearer its settings are to the best ones, for tests of the search."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import log10
from typing import Literal

import numpy as np

from embedding_features.artifact.embeddings import Embeddings
from embedding_features.errors import TrainingError
from embedding_features.graph import Graph
from embedding_features.graph.view import GraphView, View
from embedding_features.methods import method
from embedding_features.methods.base import Method, Run
from embedding_features.methods.search_space import Choice, Range
from embedding_features.progress import tell_check

NOW = datetime(2026, 1, 1, tzinfo=UTC)
USERS, ITEMS, GROUPS = 60, 80, 4
EPOCHS = range(5, 30, 5)


@dataclass
class Seen:
    """What the oracle was asked for since the test began."""

    fits: list[tuple["Oracle", Graph, int]] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    kill_at: int | None = None


SEEN = Seen()


class Oracle(Method):
    """Knows that users take to items of their own group; noise grows with the distance from the best."""

    kind: Literal["tuning_oracle"] = "tuning_oracle"
    steps: int
    rate: float
    mode: str
    checks: bool

    @property
    def distance(self) -> float:
        return abs(self.steps - 3) / 3 + abs(log10(self.rate)) + (self.mode == "bad")

    def _fit(self, view: GraphView, run: Run) -> Embeddings:
        if len(SEEN.fits) == SEEN.kill_at:
            raise KeyboardInterrupt
        SEEN.fits.append((self, run.graph, run.seed))
        SEEN.epochs.append(0)
        if self.steps == 6:
            raise TrainingError("diverged")
        for epoch in EPOCHS if self.checks else ():
            SEEN.epochs[-1] = epoch
            tell_check(run.progress, epoch, epoch / (1 + self.distance))
        rng = np.random.default_rng(run.seed)
        sides = {}
        for node_type, span in view.nodes.items():
            ids, rows = run.graph.vocabularies[node_type].ids.to_numpy()[span.rows], np.arange(len(span.rows))
            vectors = np.eye(GROUPS)[ids % GROUPS] + self.distance * rng.standard_normal((len(rows), GROUPS))
            sides[node_type] = (rows, vectors.astype(np.float32))
        return self._embeddings(run, view, sides, scorer="dot", figures={})


def register_oracle() -> None:
    """Register it, and one that declares nothing to be tunable."""

    @method(
        family="test",
        exports="vectors",
        tunable={
            "steps": Range(0, 6),
            "rate": Range(0.01, 100.0, log=True),
            "mode": Choice("bad", "good"),
        },
    )
    def oracle(
        steps: int = 1,
        rate: float = 10.0,
        mode: str = "bad",
        checks: bool = False,
        relation: str | None = None,
    ) -> Oracle:
        """A paper."""
        return Oracle(view=View.of(relation), steps=steps, rate=rate, mode=mode, checks=checks)

    @method(family="test", exports="vectors")
    def rigid(steps: int = 1) -> Oracle:
        """A paper."""
        return Oracle(view=View(), steps=steps, rate=1.0, mode="bad", checks=False)


def grouped_graph(timed: bool = False) -> Graph:
    """Users who take to items of their own group, and to some others."""
    rng = np.random.default_rng(0)
    src, dst = rng.integers(0, USERS, 1_200), rng.integers(0, ITEMS, 1_200)
    kept = (src % GROUPS == dst % GROUPS) | (rng.random(1_200) < 0.05)
    src, dst = src[kept], dst[kept]
    if not timed:
        return Graph.from_arrays(NOW, {("user", "likes", "item"): (src, dst)})
    hours = rng.integers(1, 5_000, len(src)).astype("timedelta64[h]")
    times = np.datetime64(NOW.replace(tzinfo=None), "us") - hours
    return Graph.from_arrays(NOW, {("user", "likes", "item"): (src, dst, times)})
