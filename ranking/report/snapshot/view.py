"""A node type as a page shows it, with titles where there are any."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ranking.report.snapshot.atlas import Atlas, atlas
from ranking.report.snapshot.figures import NodeFigures
from ranking.report.snapshot.titles import Titles


@dataclass(frozen=True)
class NeighbourEntry:
    """A neighbour, and the number of its own entry where it has one."""

    label: str
    score: float
    entry: int | None


@dataclass(frozen=True)
class Entry:
    """A node in the list: its title or else id, its id, its first cluster, its neighbours, best first."""

    label: str
    id: str
    cluster: int | None
    near: list[NeighbourEntry]


@dataclass(frozen=True)
class NodeView:
    """Of one node type.

    Attributes:
        shown: nodes that are shown one by one, ``titled`` of them by a title.
        entries: the list of them; empty without neighbours.
    """

    figures: NodeFigures
    shown: int
    titled: int
    atlas: Atlas
    entries: list[Entry]


def node_view(figures: NodeFigures, titles: Titles) -> NodeView:
    """Put names to the figures."""
    ids, mine = figures.ids.to_pylist(), titles.get(figures.node_type, {})
    labels = [mine.get(key, str(key)) for key in ids]
    titled = sum(key in mine for key in ids)
    return NodeView(figures, len(ids), titled, atlas(figures, labels), _entries(figures, ids, mine, titles))


def _entries(figures: NodeFigures, ids: list[Any], mine: Mapping[Any, str], titles: Titles) -> list[Entry]:
    """By title, then those without one by id."""
    near = figures.neighbourhood
    if near is None:
        return []
    order = sorted(range(len(ids)), key=lambda row: (ids[row] not in mine, mine.get(ids[row], ""), ids[row]))
    own = near.node_type == figures.node_type
    entry = {ids[row]: place for place, row in enumerate(order)} if own else {}
    names, keys, k = titles.get(near.node_type, {}), near.ids.to_pylist(), near.scores.shape[1]
    listed = []
    for row in order:
        found = zip(keys[row * k : (row + 1) * k], near.scores[row].tolist(), strict=True)
        neighbours = [NeighbourEntry(names.get(key, str(key)), score, entry.get(key)) for key, score in found]
        cluster = None if figures.clusters is None else int(figures.clusters[row])
        listed.append(Entry(mine.get(ids[row], str(ids[row])), str(ids[row]), cluster, neighbours))
    return listed
