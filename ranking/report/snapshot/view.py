"""A node type as a page shows it, with titles where there are any."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ranking.report.snapshot.figures import NodeFigures
from ranking.report.snapshot.map import NodeMap, draw_map
from ranking.report.snapshot.titles import Titles


@dataclass(frozen=True)
class NeighbourEntry:
    """A neighbour in an entry, and the number of its own entry where it has one."""

    label: str
    score: float
    entry: int | None


@dataclass(frozen=True)
class Entry:
    """A node in the list: its title or else id, its id, its first cluster, its neighbours, best first."""

    label: str
    id: str
    cluster: int | None
    neighbours: list[NeighbourEntry]


@dataclass(frozen=True)
class NodeView:
    """One node type as the page shows it.

    Attributes:
        shown: how many nodes are shown one by one.
        titled: how many of these have a title.
        map: the map of them.
        entries: the list of them; empty without neighbours.
    """

    figures: NodeFigures
    shown: int
    titled: int
    map: NodeMap
    entries: list[Entry]


def node_view(figures: NodeFigures, titles: Titles) -> NodeView:
    """Return one node type as the page shows it, its nodes named by their titles, or else by their ids."""
    ids, own_titles = figures.ids.to_pylist(), titles.get(figures.node_type, {})
    labels = [own_titles.get(key, str(key)) for key in ids]
    titled = sum(key in own_titles for key in ids)
    entries = _entries(figures, ids, own_titles, titles)
    return NodeView(figures, len(ids), titled, draw_map(figures, labels), entries)


def _entries(
    figures: NodeFigures, ids: list[Any], own_titles: Mapping[Any, str], titles: Titles
) -> list[Entry]:
    """The nodes with a title by title, then those without one by id."""
    neighbourhood = figures.neighbourhood
    if neighbourhood is None:
        return []
    order = sorted(
        range(len(ids)), key=lambda row: (ids[row] not in own_titles, own_titles.get(ids[row], ""), ids[row])
    )
    same_type = neighbourhood.node_type == figures.node_type
    entry = {ids[row]: place for place, row in enumerate(order)} if same_type else {}
    names, keys, k = (
        titles.get(neighbourhood.node_type, {}),
        neighbourhood.ids.to_pylist(),
        neighbourhood.scores.shape[1],
    )
    listed = []
    for row in order:
        found = zip(keys[row * k : (row + 1) * k], neighbourhood.scores[row].tolist(), strict=True)
        neighbours = [NeighbourEntry(names.get(key, str(key)), score, entry.get(key)) for key, score in found]
        cluster = None if figures.clusters is None else int(figures.clusters[row])
        listed.append(Entry(own_titles.get(ids[row], str(ids[row])), str(ids[row]), cluster, neighbours))
    return listed
