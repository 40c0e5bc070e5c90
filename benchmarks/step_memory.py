"""Measures what a training step with sampled neighbourhoods holds in memory, beyond the tables of the graph.

Counted is what a process holds at most during :data:`STEPS` steps of pinsage, less what it held when they
began: examples and neighbourhoods, those that wait to be used among them, vectors and gradients. By then it
held the graph, the neighbours of all nodes, layer 0 with its optimizer's state, and the order of an epoch,
which grow with nodes and edges. Linux alone tells it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from embedding_features.graph import Graph
from embedding_features.methods import Trained, make
from embedding_features.progress import Advance

#: steps before the measured ones, in which tables and threads are made
WARM_UP = 10
STEPS = 40
#: a step's nodes are few of the smallest graph's, or it would be the graph's size that bounds them
SETTINGS = {"neighbours": 10, "walk_steps": 200, "batch_size": 128, "negatives": 64}
#: environment in which glibc gives freed arrays back to the system, so that what is held is what is used
GIVES_BACK = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "65536",
}


class _Enough(Exception):  # noqa: N818
    """Ends a fit after the measured steps."""


class _Watch:
    """A progress that looks at the process's memory between steps."""

    def __init__(self) -> None:
        self.bytes, self._steps = 0, 0

    @contextmanager
    def task(self, name: str, total: int | None = None) -> Iterator[Advance]:
        """Yield what counts the steps of training."""
        del total

        def advance(steps: float = 1, *_: object) -> None:
            if name == "train" and steps == 1:
                self._step()

        yield advance

    def _step(self) -> None:
        self._steps += 1
        if self._steps == WARM_UP:
            Path("/proc/self/clear_refs").write_text("5")  # the peak is the present from here on
            self.bytes = -_status("VmRSS")
        if self._steps == WARM_UP + STEPS:
            self.bytes += _status("VmHWM")
            raise _Enough


def step_bytes(graph: Graph) -> float:
    """Return the bytes of :data:`SETTINGS`, one layer of 64 dimensions, rows of layer 0 touched alone."""
    watch = _Watch()
    method = cast(Trained, make("pinsage", optimizer="adagrad", **SETTINGS))
    whole = method.training.model_copy(update={"early_stop": None})
    try:
        method.model_copy(update={"training": whole}).fit(graph, progress=watch)
    except _Enough:
        return float(watch.bytes)
    raise RuntimeError(f"an epoch of fewer than {WARM_UP + STEPS} steps")


def _status(name: str) -> int:
    """Return a line of what Linux knows of the process's memory, in bytes."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    if found is None:
        raise RuntimeError(f"this system does not say {name}")
    return int(found[1]) * 1024
