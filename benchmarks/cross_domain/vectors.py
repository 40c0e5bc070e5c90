"""Pretrains vectors of a window, and finds them by id."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from benchmarks.cross_domain.data import IDS, Window
from embedding_features.methods import make
from embedding_features.space.align import procrustes

#: what is tried on validation: (method, its parameters)
CHOICES: tuple[tuple[str, tuple[tuple[str, float], ...]], ...] = (
    *(
        ("als", (("dim", 64), ("unobserved_weight", weight), ("regularization", 1e-2)))
        for weight in (0.001, 0.003, 0.01, 0.03, 0.1)
    ),
    *(("spectral", (("dim", 64), ("item_exponent", exponent))) for exponent in (0.1, 0.25, 0.4, 0.55)),
)
Choice = tuple[str, tuple[tuple[str, float], ...]]


@dataclass(frozen=True)
class Side:
    """Holds vectors [rows, dim] of one side, and each id's ``row`` [IDS]; row 0, of zeros, is for others."""

    row: np.ndarray
    table: np.ndarray

    def of(self, ids: np.ndarray) -> np.ndarray:
        """Return the vectors of ids."""
        return self.table[self.row[ids]]


@dataclass(frozen=True)
class Vectors:
    """Holds the vectors of users and items."""

    user: Side
    item: Side


_WINDOWS: dict[str, Window] = {}


def vectors(window: Window, target: int | None, choice: Choice, seed: int) -> Vectors:
    """Return vectors fitted on the target's edges or on all; the same ones are fitted once."""
    _WINDOWS[window.name] = window
    return _fit(window.name, target, choice, seed)


@cache
def _fit(name: str, target: int | None, choice: Choice, seed: int) -> Vectors:
    method, parameters = choice
    settings: dict[str, Any] = dict(parameters)
    graph = _WINDOWS[name].graph(target)
    nodes = min(len(v) for v in graph.vocabularies.values())
    dim = settings["dim"]
    settings["dim"] = min(dim, nodes // 2)
    tables = make(method, **settings).fit(graph, seed=seed).tables
    sides = []
    for node_type in ("user", "item"):
        row = np.zeros(IDS, np.int64)
        row[tables[node_type].ids.to_numpy()] = np.arange(1, len(tables[node_type].ids) + 1)
        found = tables[node_type].vectors
        table = np.zeros((1 + len(found), dim), np.float32)
        table[1:, : found.shape[1]] = found  # the smallest graphs have fewer dimensions than were asked for
        sides.append(Side(row, table))
    return Vectors(*sides)


def rotated(new: Vectors, old: Vectors) -> Vectors:
    """Return ``new`` in the space of ``old``, as snapshots of one family are published."""
    a, b = [], []
    for mine, its in ((new.user, old.user), (new.item, old.item)):
        shared = np.flatnonzero((mine.row > 0) & (its.row > 0))
        a.append(mine.of(shared))
        b.append(its.of(shared))
    rotation = procrustes(np.concatenate(a).astype(np.float64), np.concatenate(b).astype(np.float64))
    turn = rotation.astype(np.float32)
    return Vectors(*(replace(side, table=side.table @ turn) for side in (new.user, new.item)))
