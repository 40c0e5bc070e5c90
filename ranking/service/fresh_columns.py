"""The raw columns of a request's fresh figures, from events that it gives or that the online store keeps."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Self

import pyarrow as pa

from embedding_features.arrays import F64
from embedding_features.errors import ConfigError, DataError, NoHistoriesError
from embedding_features.fresh import FreshSeries, NodeEvents
from embedding_features.store import EmbeddingFeatures, Published
from embedding_features.store.online_stores.histories.read import EventHistories
from ranking.bundle.fresh_pins import FreshPin
from ranking.dataset.fresh_columns import figure_array
from ranking.service.columns import ColumnValues, id_array
from ranking.service.request_events import SeenEvents, given_events, histories_of, nodes_of
from ranking.service.settings import Settings
from ranking.service.subject import RankSubject
from ranking.task.task import SIDES, Side, other_side


@dataclass(frozen=True)
class MadeFigures:
    """Holds a request's fresh figures.

    Attributes:
        columns: the raw columns.
        seen: side → the events that its figures rest on, of each side that has figures.
    """

    columns: Mapping[str, ColumnValues]
    seen: Mapping[Side, SeenEvents]


@dataclass(frozen=True)
class FreshFigures:
    """Makes the fresh figures that a bundle reads.

    Attributes:
        series: what makes them, with the side whose events they are made of.
    """

    series: tuple[tuple[FreshSeries, Side], ...] = ()

    @classmethod
    def of(cls, pins: Sequence[FreshPin], published: Sequence[Published], settings: Settings) -> Self:
        """Read the pinned ones of the published runs.

        Raises:
            ConfigError: when a pin is of a node type that is neither the user's nor the item's.
        """
        sides: dict[str, Side] = {settings.recall.user: "user", settings.recall.item: "item"}
        unknown = sorted({pin.node_type for pin in pins} - set(sides))
        if unknown:
            raise ConfigError(
                f"the bundle reads fresh figures of {unknown[0]!r}",
                fix="name it as recall.user or recall.item",
            )
        runs = {run.manifest.run_id: run.snapshot for run in published}
        return cls(
            tuple(
                (
                    FreshSeries.read([runs[pin.run_id]], pin.node_type, pin.recipes, pin.last),
                    sides[pin.node_type],
                )
                for pin in pins
            )
        )

    @property
    def node_types(self) -> dict[Side, str]:
        """Return side → node type, of each side that has figures."""
        return {side: one.node_type for one, side in self.series}

    def reads(self, subject: RankSubject) -> bool:
        """Return whether a request needs histories of the online store."""
        return any(given_events(subject, side) is None for _, side in self.series)

    def read(self, subject: RankSubject, client: EmbeddingFeatures) -> dict[Side, EventHistories]:
        """Return side → the kept events of its nodes in the request, where the request gives none.

        Raises:
            StoreError: when the store cannot answer.
            DataError: when ids are of another type than the entities'.
        """
        found: dict[Side, EventHistories] = {}
        for side, node_type in self.node_types.items():
            if given_events(subject, side) is None:
                with suppress(NoHistoriesError):
                    found[side] = client.events(node_type, id_array(nodes_of(subject, side)))
        return found

    def probe(self, client: EmbeddingFeatures) -> None:
        """Ask for the histories of ids that nobody has, where histories are kept.

        Raises:
            StoreError: when the store cannot answer.
        """
        for node_type in self.node_types.values():
            for one in (0, ""):
                with suppress(DataError, NoHistoriesError):  # the entity's ids are of the other type
                    client.events(node_type, [one])
                    break

    def make(self, subject: RankSubject, read: Mapping[Side, EventHistories], moment: int) -> MadeFigures:
        """Return the figures of a moment, µs since 1970; a node whose events nobody knows has its prior's.

        Raises:
            DataError: when ids are of another type than the snapshots', or a value is not finite.
        """
        histories = {side: histories_of(subject, side, read) for side in self.node_types}
        ids = {side: id_array(nodes_of(subject, side)) for side in SIDES if self.series}
        columns: dict[str, ColumnValues] = {}
        for series, side in self.series:
            found = _figures(series, side, ids, histories[side], moment)
            columns |= {series.column(name): values for name, values in found.items()}
        return MadeFigures(columns, {side: SeenEvents.of(one, moment) for side, one in histories.items()})

    def warm(self, rows: int) -> None:
        """Make figures of ids that nobody has, so that no request waits for kernels to be loaded."""
        ids: tuple[int | str, ...] = (0, "")
        for user, item in product(ids, repeat=2):
            with suppress(DataError):  # the snapshots' ids are of the other type
                self.make(RankSubject(user, [item] * rows, {}, []), {}, 1)
                break


def _figures(
    series: FreshSeries, side: Side, ids: Mapping[Side, pa.Array], histories: EventHistories, moment: int
) -> dict[str, ColumnValues]:
    events = NodeEvents(histories.node_ids, histories.values, histories.times)
    nodes, others = ids[side], ids[other_side(side)]
    if side == "item":
        found = series.requests(nodes, histories.rows, events, others, moment)
        return {name: ColumnValues(figure_array(values)) for name, values in found.items()}
    found = series.request(nodes, events, others, moment)
    return {name: _column(name, values) for name, values in found.items()}


def _column(name: str, values: F64) -> ColumnValues:
    """Return a figure of the user beside each item, or the user's vector, which all share."""
    shared = name.endswith("_vector")
    return ColumnValues(figure_array(values[None] if shared else values), shared)
