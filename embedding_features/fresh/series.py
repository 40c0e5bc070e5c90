"""Fresh figures of a family's snapshots: for each row of a log, or for one request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F64, I64
from embedding_features.artifact.snapshot import Snapshot
from embedding_features.errors import CompatibilityError, ConfigError
from embedding_features.fresh.recipes import RECIPES, Recipe
from embedding_features.fresh.request import NodeEvents, request_walk
from embedding_features.fresh.walk import Events, Walk, make_walk
from embedding_features.ids import Ids, RowsById, as_ids
from embedding_features.sources.moment import to_microseconds

#: newest events of a node that figures are made of, unless somebody says otherwise
LAST_EVENTS = 200


@dataclass(frozen=True)
class FreshSeries:
    """Makes fresh figures of one family's snapshots.

    The same object serves a log, where each row sees the newest snapshot strictly before it, and a request,
    for which it is made of the one snapshot that is served.

    Attributes:
        family: of the snapshots.
        node_type: whose events there are.
        other: the node type that events are with.
        moments: [snapshots] µs, ``as_of`` of each, ascending.
        recipes: name → what makes figures.
        last: newest events of a node that count.
    """

    family: str
    node_type: str
    other: str
    moments: I64
    recipes: Mapping[str, Recipe]
    last: int
    _others: Sequence[RowsById]
    _nodes: Sequence[RowsById]
    _id_types: Mapping[str, pa.DataType]

    @classmethod
    def read(
        cls,
        snapshots: Sequence[Snapshot],
        node_type: str,
        recipes: Sequence[str] = ("fold_in",),
        last: int = LAST_EVENTS,
    ) -> "FreshSeries":
        """Read what recipes need of a family's snapshots.

        Args:
            snapshots: one or more of one family, in any order; each has two node types.
            node_type: whose nodes get figures.
            recipes: names among :data:`.RECIPES`; what a snapshot lacks the parts for is left out.
            last: newest events of a node that count; of the oldest one's moment all do.

        Raises:
            ConfigError: when a recipe is unknown, or ``last`` is below 1.
            CompatibilityError: when there is no snapshot, one lacks the node type, or families differ.
            SnapshotError: when a file is damaged.
        """
        unknown = sorted(set(recipes) - set(RECIPES))
        if unknown or last < 1:
            raise ConfigError(
                f"recipes {', '.join(recipes)} of the last {last} events",
                fix=f"name some of {', '.join(RECIPES)}, and at least one event",
            )
        ordered = sorted(snapshots, key=lambda snapshot: snapshot.manifest.as_of)
        other = _other_type(ordered, node_type)
        made = {name: RECIPES[name].read(ordered, node_type, other) for name in RECIPES if name in recipes}
        others, nodes = (
            [RowsById(snapshot.vectors(one).ids) for snapshot in ordered] for one in (other, node_type)
        )
        return cls(
            family=ordered[0].manifest.space.family,
            node_type=node_type,
            other=other,
            moments=np.array([to_microseconds(snapshot.manifest.as_of) for snapshot in ordered], np.int64),
            recipes={name: recipe for name, recipe in made.items() if recipe is not None},
            last=last,
            _others=others,
            _nodes=nodes,
            _id_types={node_type: nodes[0].type, other: others[0].type},
        )

    def before(self, moment: int) -> Self:
        """Return the series as it was before a moment: without the snapshots of that moment and later ones.

        Args:
            moment: µs since 1970, UTC.
        """
        count = int(np.searchsorted(self.moments, moment, side="left"))
        return replace(
            self, moments=self.moments[:count], _others=self._others[:count], _nodes=self._nodes[:count]
        )

    def rows(self, events: Events, nodes: pa.Array, others: pa.Array) -> dict[str, F64]:
        """Return the figures of the wanted rows of a log.

        Args:
            events: the rows; a row's node and other node are places in ``nodes`` and ``others``.
            nodes: ids of this node type.
            others: ids of the other node type.

        Returns:
            ``<recipe>_<figure>`` → [n], or [n, dim] of a vector; NaN where nothing is known.

        Raises:
            DataError: when ids are of another type than the snapshots', or events break a rule.
        """
        nodes, others = self._ids(nodes, self.node_type), self._ids(others, self.other)
        return self._figures(
            make_walk(
                events,
                self.moments,
                [rows.find(others) for rows in self._others],
                [rows.find(nodes) for rows in self._nodes],
                self.last,
            )
        )

    def request(self, node: Ids, events: NodeEvents, others: Ids, moment: int) -> dict[str, F64]:
        """Return the figures of one node at one moment: those that :meth:`rows` gives a log's rows of then.

        Args:
            node: id of the node, which no snapshot need know.
            events: its events; those at the moment or later do not count.
            others: [m] ids of the nodes that figures are wanted of.
            moment: µs since 1970, UTC.

        Returns:
            ``<recipe>_<figure>`` → [m], or [dim] of the node's vector; NaN where nothing is known.

        Raises:
            DataError: when ids are null or of another type than the snapshots', or a value is not finite.
        """
        walk, begin = self.walk_request(node, events, others, moment), len(events.others)
        return {
            name: values[begin:-1] if values.ndim == 1 else values[-1]
            for name, values in self._figures(walk).items()
        }

    def walk_request(self, node: Ids, events: NodeEvents, others: Ids, moment: int) -> Walk:
        """Arrange one request for kernels, as :func:`.request_walk` does.

        Args:
            node: id of the node; none where nothing is made of its own row in a snapshot.
            events: its events.
            others: [m] ids of the nodes that figures are wanted of.
            moment: µs since 1970, UTC.

        Raises:
            DataError: as in :meth:`request`.
        """
        nodes, asked = self._ids(node, self.node_type), self._ids(others, self.other)
        history = NodeEvents(self._ids(events.others, self.other, "events"), events.value, events.time)
        return request_walk(
            history,
            asked,
            moment,
            own=[rows.find(nodes) if len(nodes) else np.full(1, -1) for rows in self._nodes],
            others=self._others,
            moments=self.moments,
            last=self.last,
        )

    def requests(
        self, nodes: Ids, places: I64, events: NodeEvents, other: Ids, moment: int
    ) -> dict[str, F64]:
        """Return the figures of many nodes at one moment, each beside the same other node.

        Args:
            nodes: [n] ids of the nodes, which no snapshot need know; one may be there twice.
            places: [k] place in ``nodes`` of the node of each event.
            events: [k] the events of all of them; those at the moment or later do not count.
            other: id of the node that figures are wanted of.
            moment: µs since 1970, UTC.

        Returns:
            ``<recipe>_<figure>`` → [n], or [n, dim] of a vector; NaN where nothing is known.

        Raises:
            DataError: as :meth:`request`.
        """
        nodes = self._ids(nodes, self.node_type)
        others = pa.concat_arrays(
            [self._ids(events.others, self.other, "events"), self._ids(other, self.other)]
        )
        encoded, k = others.dictionary_encode(), len(places)
        codes, n = encoded.indices.to_numpy().astype(np.int64), len(nodes)
        rows = Events(
            np.concatenate([places, np.arange(n)]),
            np.concatenate([codes[:k], np.repeat(codes[k:], n)]),
            np.concatenate([events.time, np.full(n, moment)]),
            np.concatenate([events.value, np.zeros(n)]),
            wanted=np.arange(k + n) >= k,
            counted=np.arange(k + n) < k,
        )
        return {name: values[k:] for name, values in self.rows(rows, nodes, encoded.dictionary).items()}

    def column(self, figure: str) -> str:
        """Return the raw column of a figure, as ``als_user_fresh__fold_in_score``."""
        return f"{fresh_prefix(self.family, self.node_type)}{figure}"

    def _ids(self, ids: Ids, node_type: str, what: str | None = None) -> pa.Array:
        return as_ids(ids, self._id_types[node_type], what or node_type)

    def _figures(self, walk: Walk) -> dict[str, F64]:
        return {
            f"{name}_{figure}": values
            for name, recipe in self.recipes.items()
            for figure, values in recipe.rows(walk).items()
        }


def fresh_prefix(family: str, node_type: str) -> str:
    """Return the beginning of the raw columns of a family's fresh figures of a node type."""
    return f"{family}_{node_type}_fresh__"


def _other_type(snapshots: Sequence[Snapshot], node_type: str) -> str:
    """Return the node type beside ``node_type`` in all snapshots."""
    sides = {tuple(sorted(snapshot.manifest.nodes)) for snapshot in snapshots}
    families = {snapshot.manifest.space.family for snapshot in snapshots}
    (types,) = sides if len(sides) == 1 else ((),)
    if len(types) != 2 or node_type not in types or len(families) != 1:
        raise CompatibilityError(
            f"fresh figures of {node_type!r} from snapshots of {sorted(families)} of {sorted(sides)}",
            fix="give snapshots of one family with this node type and one other",
        )
    return next(one for one in types if one != node_type)
