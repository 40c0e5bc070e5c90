"""The raw columns of a request's fresh figures, from events that it gives or that the online store keeps."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F64
from embedding_features.errors import ConfigError, StoreError
from embedding_features.fresh import FreshSeries, NodeEvents
from embedding_features.store import EmbeddingFeatures, Published
from ranking.bundle.fresh_pins import FreshPin
from ranking.dataset.fresh_columns import figure_array
from ranking.service.columns import ColumnValues, id_array
from ranking.service.settings import Settings
from ranking.service.subject import RankSubject
from ranking.task.task import Side, other_side


@dataclass(frozen=True)
class FreshFigures:
    """Makes the fresh figures that a bundle reads.

    Attributes:
        series: what makes them, with the side whose events they are made of.
        stored: sides whose histories the repository keeps; of others a request has to bring the events.
    """

    series: tuple[tuple[FreshSeries, Side], ...] = ()
    stored: frozenset[Side] = frozenset()

    @classmethod
    def of(
        cls,
        pins: Sequence[FreshPin],
        published: Sequence[Published],
        settings: Settings,
        client: EmbeddingFeatures,
    ) -> Self:
        """Read the pinned ones of the published runs, and see which histories are kept.

        Raises:
            ConfigError: when a pin is of a node type that is neither the user's nor the item's.
        """
        if not pins:
            return cls()
        sides: dict[str, Side] = {settings.recall.user: "user", settings.recall.item: "item"}
        unknown = sorted({pin.node_type for pin in pins} - set(sides))
        if unknown:
            raise ConfigError(
                f"the bundle reads fresh figures of {unknown[0]!r}",
                fix="name it as recall.user or recall.item",
            )
        runs = {run.manifest.run_id: run.snapshot for run in published}
        series = tuple(
            (FreshSeries.read([runs[pin.run_id]], pin.node_type, pin.recipes, pin.last), sides[pin.node_type])
            for pin in pins
        )
        stored = {side for one, side in series if _is_kept(client, one.node_type)}
        return cls(series, frozenset(stored))

    def read(self, subject: RankSubject, client: EmbeddingFeatures) -> dict[Side, list[NodeEvents]]:
        """Return side → the events of each of its nodes in the request, from the online store.

        Raises:
            StoreError: when the store cannot answer.
            DataError: when ids are of another type than the entities'.
        """
        node_types = {side: one.node_type for one, side in self.series if side in self.stored}
        wanted = {side: node_type for side, node_type in node_types.items() if _given(subject, side) is None}
        return {side: _kept(client, node_type, _nodes(subject, side)) for side, node_type in wanted.items()}

    def columns(self, subject: RankSubject, read: Mapping[Side, list[NodeEvents]]) -> dict[str, ColumnValues]:
        """Return the raw columns of the figures; a node whose events nobody knows has those of its prior.

        Raises:
            DataError: when ids are of another type than the snapshots', or a value is not finite.
        """
        now, columns = time.time_ns() // 1000, dict[str, ColumnValues]()
        nothing = NodeEvents(id_array([]), np.empty(0), np.empty(0, np.int64))
        for series, side in self.series:
            nodes, given = _nodes(subject, side), _given(subject, side)
            events = read.get(side, [nothing] * len(nodes)) if given is None else [given]
            others = _nodes(subject, other_side(side))
            found = [
                series.request(node, history, others, now)
                for node, history in zip(nodes, events, strict=True)
            ]
            columns |= _columns(series, side, found)
        return columns


def _columns(series: FreshSeries, side: Side, found: Sequence[Mapping[str, F64]]) -> dict[str, ColumnValues]:
    """Return the figures of one user, or of many items for one user, as raw columns."""
    if side == "user":
        (figures,) = found
        return {
            series.column(name): ColumnValues(
                figure_array(values[None] if name.endswith("_vector") else values), name.endswith("_vector")
            )
            for name, values in figures.items()
        }
    names = found[0] if found else {}
    return {
        series.column(name): ColumnValues(
            figure_array(np.stack([one[name] if name.endswith("_vector") else one[name][0] for one in found]))
        )
        for name in names
    }


def _given(subject: RankSubject, side: Side) -> NodeEvents | None:
    """Return the events of a side that the request brings, which it can of the user alone."""
    return subject.events if side == "user" else None


def _nodes(subject: RankSubject, side: Side) -> Sequence[int | str]:
    return [subject.user] if side == "user" else subject.items


def _kept(client: EmbeddingFeatures, node_type: str, nodes: Sequence[int | str]) -> list[NodeEvents]:
    if not len(nodes):
        return []
    kept = client.events(node_type, id_array(nodes))
    return [
        NodeEvents(kept.node_ids[begin:end], kept.values[begin:end], kept.times[begin:end])
        for begin, end in zip(kept.offsets[:-1].tolist(), kept.offsets[1:].tolist(), strict=True)
    ]


def _is_kept(client: EmbeddingFeatures, node_type: str) -> bool:
    """Return whether the repository keeps histories of a node type."""
    try:
        client.events(node_type, pa.array([], pa.int64()))
    except StoreError:
        return False
    return True
