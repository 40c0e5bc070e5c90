"""What the online store says of a request's ids: one read for each entity and view."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, product

import numpy as np
import pyarrow as pa

from embedding_features.arrays import Bool
from embedding_features.errors import DataError
from embedding_features.store import EmbeddingFeatures
from embedding_features.store.online_stores.rows import Rows
from ranking.service.columns import ColumnValues, HistoryLists, id_array, of_rows
from ranking.service.lookups import StoreLookup
from ranking.service.plan import ColumnPlan
from ranking.task.task import Side


@dataclass(frozen=True)
class RankSubject:
    """Whom and what a request is about.

    Attributes:
        features: raw columns that came with it.
    """

    user: int | str
    items: Sequence[int | str]
    features: Mapping[str, ColumnValues]


@dataclass
class ReadColumns:
    """What was read.

    Attributes:
        columns: raw columns that Feast gives.
        histories: ids and vectors of histories, in the place of those that came.
        found: side → of each id whether a pretrained feature of it was there.
    """

    columns: dict[str, ColumnValues] = field(default_factory=dict)
    histories: dict[str, ColumnValues] = field(default_factory=dict)
    found: dict[Side, Bool] = field(default_factory=dict)


class Reader:
    """Reads what requests need by a plan; any number of threads may use it."""

    def __init__(self, client: EmbeddingFeatures, plan: ColumnPlan) -> None:
        self._client, self._plan = client, plan

    def read(self, asked: RankSubject) -> ReadColumns:
        """The columns that are looked up; of no items only the user's, for nothing else has a row.

        Raises:
            StoreError: when the store cannot answer.
            DataError: when ids are of another type than the entities'.
        """
        read = ReadColumns()
        ids: dict[Side, pa.Array] = {"user": id_array([asked.user]), "item": id_array(asked.items)}
        for lookup in self._plan.lookups:
            if not (lookup.of_user or asked.items):
                read.columns |= {
                    column: ColumnValues(pa.nulls(0)) for _, column in chain(*lookup.columns.values())
                }
                continue
            pasts = self._pasts(lookup, {**read.columns, **asked.features})
            found = self._client.online(_keys(lookup, ids, pasts), lookup.refs)
            for view, columns in lookup.columns.items():
                _take(lookup, found[view], columns, len(asked.items), pasts, read)
        return read

    def look(self) -> None:
        """Ask for ids that nobody has, to see whether the store answers.

        Raises:
            StoreError: when it does not, or nothing of a view is online.
        """
        for lookup in self._plan.lookups:
            for ids in product((0, ""), repeat=len(lookup.keys)):
                with suppress(DataError):  # the entity's ids are of the other type
                    self._client.online(
                        dict(zip(lookup.keys, ([one] for one in ids), strict=True)), lookup.refs
                    )
                    break

    def _pasts(self, lookup: StoreLookup, known: Mapping[str, ColumnValues]) -> list[HistoryLists]:
        raw = {column for columns in lookup.columns.values() for _, column in columns}
        pasts = (HistoryLists.of(one, known) for one in self._plan.histories if one.source in raw)
        return [past for past in pasts if past is not None]


def _keys(
    lookup: StoreLookup, ids: Mapping[Side, pa.Array], pasts: Sequence[HistoryLists]
) -> dict[str, pa.Array]:
    """The ids of each key: of one side those asked for, then those of histories; of both, a pair a row."""
    if len(lookup.sides) > 1:
        user = ColumnValues(ids["user"], True).rows(len(ids["item"]))
        pair = {"user": user, "item": ids["item"]}
        return {key: pair[side] for key, side in zip(lookup.keys, lookup.sides, strict=True)}
    (key,), (side,) = lookup.keys, lookup.sides
    every = [ids[side], *(past.flat for past in pasts if len(past.flat))]
    if len({array.type for array in every}) > 1:
        raise DataError(
            f"ids of a history are {every[-1].type}, of the items {every[0].type}",
            fix="write both as integers, or both as strings",
        )
    return {key: pa.concat_arrays(every) if len(every) > 1 else every[0]}


def _take(
    lookup: StoreLookup,
    rows: Rows,
    columns: Sequence[tuple[str, str]],
    count: int,
    pasts: Sequence[HistoryLists],
    read: ReadColumns,
) -> None:
    """Add what was read of one view."""
    own = 1 if lookup.of_user else count
    if lookup.pinned:
        side = lookup.sides[0]
        read.found[side] = read.found.get(side, np.zeros(own, np.bool_)) | rows.found[:own]
    for feature, column in columns:
        values = of_rows(rows.arrays[feature], rows.found)
        read.columns[column] = ColumnValues(values[:own], lookup.of_user)
        start = own
        for past in pasts:
            if past.history.source == column:
                read.histories |= past.columns(values[start : start + len(past.flat)], count)
            start += len(past.flat)
