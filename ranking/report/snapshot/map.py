"""The map of a node type as it is drawn: dots, and the largest clusters in colours of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import F64
from ranking.report.snapshot.figures import NodeFigures

#: clusters with a colour of their own, the largest ones
COLOURED = 10
#: nodes named of each of them
TYPICAL = 3
_WIDTH = 1000.0


@dataclass(frozen=True)
class MapPoint:
    """A node on the map: its position in a drawing 1000 wide, number of its colour (-1: none), its name."""

    x: float
    y: float
    colour: int
    label: str


@dataclass(frozen=True)
class Cluster:
    """A coloured cluster.

    Attributes:
        nodes: how many belong to it first, of all nodes.
        share: the same as a share of all nodes.
        typical: labels of the nodes shown that belong to it most clearly.
        centre: the middle of its dots in percent of the drawing's width and height; None without dots.
    """

    number: int
    nodes: int
    share: float
    typical: list[str]
    centre: tuple[float, float] | None


@dataclass(frozen=True)
class NodeMap:
    """A drawing 1000 wide and ``height`` high; without dots there is no map, without clusters no colour."""

    height: float
    dots: list[MapPoint]
    clusters: list[Cluster]


def draw_map(figures: NodeFigures, labels: Sequence[str]) -> NodeMap:
    """Return the map of a node type; ``labels`` are the names of the nodes shown."""
    positions = np.empty((0, 2)) if figures.positions is None else figures.positions
    positions = (positions * _WIDTH / positions[:, 0].max(initial=1e-9)).round(1)
    height = float(positions[:, 1].max(initial=0.0))
    sizes = figures.sizes
    largest = [int(number) for number in np.argsort(-sizes, kind="stable")[:COLOURED] if sizes[number]]
    clusters = [
        _cluster(figures, labels, number, positions / [_WIDTH, max(height, 1e-9)]) for number in largest
    ]
    return NodeMap(height, _dots(figures, labels, largest, positions), clusters)


def _dots(
    figures: NodeFigures, labels: Sequence[str], largest: Sequence[int], positions: F64
) -> list[MapPoint]:
    """Uncoloured dots first, so that they cover no other."""
    colours = {number: colour for colour, number in enumerate(largest)}
    numbers = [-1] * len(labels) if figures.clusters is None else figures.clusters.tolist()
    rows = zip(positions.tolist(), numbers, labels, strict=False)
    dots = [MapPoint(x, y, colours.get(number, -1), label) for (x, y), number, label in rows]
    return sorted(dots, key=lambda dot: dot.colour >= 0)


def _cluster(figures: NodeFigures, labels: Sequence[str], number: int, positions: F64) -> Cluster:
    rows = np.flatnonzero(figures.clusters == number)
    weights = np.zeros(len(labels)) if figures.weights is None else figures.weights
    typical = [labels[row] for row in rows[np.argsort(-weights[rows], kind="stable")[:TYPICAL]]]
    middle = np.median(positions[rows], axis=0) if len(rows) and len(positions) else None
    nodes = int(figures.sizes[number])
    centre = None if middle is None else (float(100 * middle[0]), float(100 * middle[1]))
    return Cluster(number, nodes, nodes / figures.count, typical, centre)
