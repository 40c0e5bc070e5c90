"""Runs that are killed at a report of their progress."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from embedding_features.artifact.embeddings import Embeddings
from embedding_features.graph import Graph
from embedding_features.methods import Method
from embedding_features.progress import Advance


class _Killed(Exception):  # noqa: N818
    """Stands for the end of the process."""


class _Killer:
    """A progress that counts its reports, and kills the run at one of them."""

    def __init__(self, last: int | None = None) -> None:
        self.reports, self.last = 0, last

    @contextmanager
    def task(self, name: str, total: int | None = None) -> Iterator[Advance]:
        """Yield a function that counts."""
        del name, total

        def advance(*_: object, **__: object) -> None:
            self.reports += 1
            if self.reports == self.last:
                raise _Killed

        yield advance


def fit_killed_and_resumed(method: Method, graph: Graph, folder: Path, moment: float) -> Embeddings:
    """Return a fit that was killed and run again, which must go on from its checkpoint where it has one.

    Args:
        method: what is fitted, with seed 3.
        graph: what it is fitted on.
        folder: for the checkpoints, empty.
        moment: share of the run after which it is killed.
    """
    watched, again = _Killer(), _Killer()
    method.fit(graph, seed=3, progress=watched)
    killer = _Killer(max(1, int(moment * watched.reports)))
    with pytest.raises(_Killed):
        method.fit(graph, seed=3, checkpoint=folder, progress=killer)
    saved = any(folder.iterdir())
    resumed = method.fit(graph, seed=3, checkpoint=folder, progress=again)
    if saved:
        assert again.reports < watched.reports, "it began anew although there was a checkpoint"
    return resumed
