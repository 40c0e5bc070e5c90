"""What the online store says of a request's ids: one read for each entity and view."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, product

import pyarrow as pa

from embedding_features.arrays import Bool
from embedding_features.errors import DataError
from embedding_features.store import EmbeddingFeatures
from embedding_features.store.online_stores.histories.read import EventHistories
from embedding_features.store.online_stores.rows import Rows
from ranking.service.columns import ColumnValues, HistoryLists, id_array, online_column
from ranking.service.fresh_columns import FreshFigures
from ranking.service.lookups import StoreLookup
from ranking.service.plan import ColumnPlan
from ranking.service.subject import RankSubject
from ranking.task.task import Side


@dataclass(frozen=True)
class ReadColumns:
    """Holds what was read of a request's ids; by default nothing.

    Attributes:
        columns: raw columns that Feast gives.
        histories: ids and vectors of histories, in the place of those that came with the request.
        found: side → of each id whether a pretrained feature of it was there.
        degraded: whether the store gave no answer.
        events: side → the events that the store keeps of its nodes.
    """

    columns: Mapping[str, ColumnValues] = field(default_factory=dict)
    histories: Mapping[str, ColumnValues] = field(default_factory=dict)
    found: Mapping[Side, Bool] = field(default_factory=dict)
    degraded: bool = False
    events: Mapping[Side, EventHistories] = field(default_factory=dict)


class Reader:
    """Reads what requests need by a plan; any number of threads may use it.

    Args:
        client: of the store.
        plan: what is looked up.
        fresh: what needs the latest events.
    """

    def __init__(self, client: EmbeddingFeatures, plan: ColumnPlan, fresh: FreshFigures) -> None:
        self._client, self._plan, self._fresh = client, plan, fresh

    def reads(self, subject: RankSubject) -> bool:
        """Return whether there is anything to read for a request."""
        return bool(self._plan.lookups) or self._fresh.reads(subject)

    def read(self, subject: RankSubject) -> ReadColumns:
        """Return the columns that are looked up; without items only the user's, for nothing else has a row.

        All of it or nothing: figures of some views beside the unknown of others are what no ranker has seen.

        Raises:
            StoreError: when the store cannot answer.
            DataError: when ids are of another type than the entities'.
        """
        ids: dict[Side, pa.Array] = {"user": id_array([subject.user]), "item": id_array(subject.items)}
        columns: dict[str, ColumnValues] = {}
        histories: dict[str, ColumnValues] = {}
        found: dict[Side, Bool] = {}
        for lookup in self._plan.lookups:
            if not (lookup.of_user or subject.items):
                names = chain(*lookup.columns.values())
                columns |= {column: ColumnValues(pa.nulls(0)) for _, column in names}
                continue
            # a history may come from the user's lookup, which is the first
            lists = self._history_lists(lookup, {**columns, **subject.columns})
            views = self._client.online(_keys(lookup, ids, lists), lookup.refs)
            for view, names_of_view in lookup.columns.items():
                rows = views[view]
                read, vectors = _view_columns(lookup, names_of_view, rows, lists, len(subject.items))
                columns |= read
                histories |= vectors
                if lookup.pinned:
                    side, own = lookup.sides[0], rows.found[: 1 if lookup.of_user else len(subject.items)]
                    found[side] = found[side] | own if side in found else own
        return ReadColumns(columns, histories, found, events=self._fresh.read(subject, self._client))

    def probe(self) -> None:
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
        self._fresh.probe(self._client)

    def _history_lists(self, lookup: StoreLookup, columns: Mapping[str, ColumnValues]) -> list[HistoryLists]:
        """The histories among the columns whose vectors come from this lookup."""
        given = {column for names in lookup.columns.values() for _, column in names}
        lists = (HistoryLists.of(one, columns) for one in self._plan.histories if one.source in given)
        return [one for one in lists if one is not None]


def _keys(
    lookup: StoreLookup, ids: Mapping[Side, pa.Array], lists: Sequence[HistoryLists]
) -> dict[str, pa.Array]:
    """The ids of each key: of one side the request's, then those of histories; of both, a pair a row."""
    if len(lookup.sides) > 1:
        user = ColumnValues(ids["user"], True).rows(len(ids["item"]))
        pair = {"user": user, "item": ids["item"]}
        return {key: pair[side] for key, side in zip(lookup.keys, lookup.sides, strict=True)}
    (key,), (side,) = lookup.keys, lookup.sides
    arrays = [ids[side], *(one.flat for one in lists if len(one.flat))]
    if len({array.type for array in arrays}) > 1:
        raise DataError(
            f"ids of a history are {arrays[-1].type}, of the items {arrays[0].type}",
            fix="write both as integers, or both as strings",
        )
    return {key: pa.concat_arrays(arrays) if len(arrays) > 1 else arrays[0]}


def _view_columns(
    lookup: StoreLookup,
    names: Sequence[tuple[str, str]],
    rows: Rows,
    lists: Sequence[HistoryLists],
    items: int,
) -> tuple[dict[str, ColumnValues], dict[str, ColumnValues]]:
    """The raw columns of one view, and those of the histories whose vectors it has.

    Args:
        lookup: what the view was read for.
        names: its features, each with the raw column it gives.
        rows: first of the request's own ids, then of the ids of each of the histories.
        lists: the histories.
        items: how many the request has.
    """
    columns, histories = dict[str, ColumnValues](), dict[str, ColumnValues]()
    own = 1 if lookup.of_user else items
    for feature, column in names:
        values = online_column(rows.arrays[feature], rows.found)
        columns[column] = ColumnValues(values[:own], lookup.of_user)
        start = own
        for one in lists:
            if one.history.source == column:
                histories |= one.columns(values[start : start + len(one.flat)], items)
            start += len(one.flat)
    return columns, histories
