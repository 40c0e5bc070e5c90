"""The recipe ``taste``: what a node gave to the nodes of the candidate's group, beyond what others give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from embedding_features.arrays import F64
from embedding_features.artifact.snapshot import Snapshot
from embedding_features.fresh.groups import read_groups
from embedding_features.fresh.groups_kernel import Groups
from embedding_features.fresh.levels import read_levels
from embedding_features.fresh.recipes.base import Recipe
from embedding_features.fresh.recipes.grouped import group_sums, make_groups
from embedding_features.fresh.walk import Walk

#: a mean is shrunk to 0 as if there were so many events of residual 0 beside
PRIOR_EVENTS = 3


@dataclass(frozen=True)
class TasteRecipe(Recipe):
    """Gives the node's mean residual over its earlier events with nodes of the candidate's group, shrunk.

    The residual of an event is its value less the level of its other node (:func:`.read_levels`); where the
    snapshots know of no values, less the mean value of the node's own events.

    Figures: ``clusters`` of the candidate's nearest cluster, ``rq1``, ``rq2``, … of the nodes whose residual
    tokens begin as its own do, and ``clusters_events``, how many events ``clusters`` rests on. Without an
    event in the group a mean is 0, its prior's.

    Attributes:
        names: of the kinds of groups.
        groups: of all, and one group of all nodes.
        levelled: whether levels were known.
    """

    name: ClassVar[str] = "taste"
    names: tuple[str, ...]
    groups: Groups
    levelled: bool

    @classmethod
    def read(cls, snapshots: Sequence[Snapshot], node_type: str, other: str) -> Self | None:
        """Read the groups of the other side and its levels; None where snapshots share no kind of groups."""
        kinds, levels = read_groups(snapshots, other), read_levels(snapshots, node_type)
        if not kinds:
            return None
        return cls(tuple(kinds), make_groups(list(kinds.values()), levels, likes=False), bool(levels))

    def rows(self, walk: Walk) -> Mapping[str, F64]:
        """Return the figures; NaN where the candidate has no group."""
        total, events = group_sums(walk, self.groups)
        if not self.levelled:
            mean = total[:, -1:] / events[:, -1:].clip(min=1)
            total -= events * mean
        taste = total / (events + PRIOR_EVENTS)
        figures = {name: taste[:, kind] for kind, name in enumerate(self.names)}
        if "clusters" in figures:
            figures["clusters_events"] = events[:, self.names.index("clusters")]
        return figures
