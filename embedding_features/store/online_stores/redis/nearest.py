"""The entities of a view version nearest to a query; the snapshot's vectors are fetched from Redis once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from feast import FeatureView
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.key_types import key_type
from embedding_features.store.online_stores.layout import ttl_of
from embedding_features.store.online_stores.pushed import Key
from embedding_features.store.online_stores.redis.decode import Packed
from embedding_features.store.online_stores.redis.header import Header
from embedding_features.store.online_stores.redis.view import RedisView
from embedding_features.store.online_stores.rows import outside
from embedding_features.store.online_stores.search.pushed import PushedVectors
from embedding_features.store.online_stores.search.query import VectorQuery
from embedding_features.store.online_stores.search.shelf import Shelf, matrix_of

_TRIES = 5


@dataclass(frozen=True)
class RedisVectors:
    """The vectors of a snapshot's rows that nobody had pushed over when they were fetched.

    Attributes:
        run: names the materialization.
        places: id → place on the shelf.
    """

    run: str
    ids: list[Any]
    places: dict[Key, int]
    shelf: Shelf


class RedisNearest:
    """Searches of a store; a snapshot's vectors are kept for the next, as long as it is online."""

    def __init__(self) -> None:
        self._held: WeakKeyDictionary[RedisView, dict[Any, RedisVectors]] = WeakKeyDictionary()

    def find(
        self, redis: RedisView, view: FeatureView, query: VectorQuery, count: int, now: int
    ) -> tuple[list[EntityKey], str]:
        """The entities nearest to a query, ``count`` of the snapshot and as many of the pushed ones; its run.

        Raises:
            StoreError: when nothing of the view is online, or snapshots are switched all the time.
        """
        for _ in range(_TRIES):
            header = redis.header()
            stamp, held = header.stamp, None
            if stamp is not None and not outside(np.array([stamp[0]]), ttl_of(view), now)[0]:
                held = self._snapshot(redis, view, query, header)
            pushed = PushedVectors(view, redis.pushed_rows(), query)
            if redis.header().run != header.run or (held is not None and held.run != header.run):
                continue
            found = pushed.best(view, query, count, now)
            return found + (_best(held, view, query, count, pushed) if held else []), header.run
        raise StoreError(f"snapshots of view {view.name} are switched all the time", fix="search again")

    def _snapshot(
        self, redis: RedisView, view: FeatureView, query: VectorQuery, header: Header
    ) -> RedisVectors:
        held, key = self._held.setdefault(redis, {}), (query.field.name, query.metric)
        if key not in held or held[key].run != header.run:
            held[key] = _fetched(view, query, header, sorted(_own_rows(redis)))
        return held[key]


def _own_rows(redis: RedisView) -> Iterator[tuple[Any, bytes]]:
    """Id and row of the snapshot's own rows."""
    for field, row in redis.all_rows().items():
        if row[-1] == 0 and field[:1] in (b"i", b"s"):
            name = field[1:]
            yield (int.from_bytes(name, "little", signed=True) if field[:1] == b"i" else name.decode()), row


def _fetched(
    view: FeatureView, query: VectorQuery, header: Header, rows: list[tuple[Any, bytes]]
) -> RedisVectors:
    where = f"{query.field.name} of view {view.name}"
    ids = [i for i, _ in rows]
    column = Packed([row for _, row in rows], header.columns, header.widths).take(query.field.name)
    if column is None:  # the view has gained the feature since: the snapshot has no vectors to find
        ids, column = [], np.empty((0, len(query.vector)), np.float32)
    shelf = Shelf(matrix_of(column, query, where), query.metric, where)
    return RedisVectors(header.run, ids, {key: place for place, key in enumerate(ids)}, shelf)


def _best(
    held: RedisVectors, view: FeatureView, query: VectorQuery, count: int, pushed: PushedVectors
) -> list[EntityKey]:
    hidden = np.array([held.places[key] for key in pushed.keys if key in held.places], np.int64)
    slot, name = f"{key_type(view.entity_columns[0]).name.lower()}_val", view.entity_columns[0].name
    return [
        EntityKey(join_keys=[name], entity_values=[Value(**{slot: held.ids[place]})])
        for place in held.shelf.best(query, count, hidden)
    ]
