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
    """A node on the map: its place in a drawing 1000 wide, the number of its colour (-1: none), its name."""

    x: float
    y: float
    colour: int
    label: str


@dataclass(frozen=True)
class Cluster:
    """A coloured cluster.

    Attributes:
        typical: those of the nodes shown that belong to it most clearly.
        place: the middle of its dots in percent of the drawing's width and height, if it has any.
    """

    number: int
    nodes: int
    share: float
    typical: list[str]
    place: tuple[float, float] | None


@dataclass(frozen=True)
class Atlas:
    """A drawing 1000 wide and ``height`` high; without dots there is no map, without clusters no colour."""

    height: float
    dots: list[MapPoint]
    clusters: list[Cluster]


def atlas(figures: NodeFigures, labels: Sequence[str]) -> Atlas:
    """Draw a node type; ``labels`` are the names of the nodes shown."""
    places = np.empty((0, 2)) if figures.places is None else figures.places
    places = (places * _WIDTH / places[:, 0].max(initial=1e-9)).round(1)
    height = float(places[:, 1].max(initial=0.0))
    sizes = figures.sizes
    largest = [int(number) for number in np.argsort(-sizes, kind="stable")[:COLOURED] if sizes[number]]
    clusters = [_cluster(figures, labels, number, places / [_WIDTH, max(height, 1e-9)]) for number in largest]
    return Atlas(height, _dots(figures, labels, largest, places), clusters)


def _dots(figures: NodeFigures, labels: Sequence[str], largest: Sequence[int], places: F64) -> list[MapPoint]:
    """Uncoloured dots first, so that they cover no other."""
    colours = {number: colour for colour, number in enumerate(largest)}
    numbers = [-1] * len(labels) if figures.clusters is None else figures.clusters.tolist()
    rows = zip(places.tolist(), numbers, labels, strict=False)
    dots = [MapPoint(x, y, colours.get(number, -1), label) for (x, y), number, label in rows]
    return sorted(dots, key=lambda dot: dot.colour >= 0)


def _cluster(figures: NodeFigures, labels: Sequence[str], number: int, places: F64) -> Cluster:
    rows = np.flatnonzero(figures.clusters == number)
    weights = np.zeros(len(labels)) if figures.weights is None else figures.weights
    typical = [labels[row] for row in rows[np.argsort(-weights[rows], kind="stable")[:TYPICAL]]]
    middle = np.median(places[rows], axis=0) if len(rows) and len(places) else None
    nodes = int(figures.sizes[number])
    place = None if middle is None else (float(100 * middle[0]), float(100 * middle[1]))
    return Cluster(number, nodes, nodes / figures.count, typical, place)
