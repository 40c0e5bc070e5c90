"""Feast's two ways to search vectors, for any store that can find the entities nearest to a query.

Feast's ``FeatureStore.retrieve_online_documents_v2`` pairs the rows that it is given with the order of their
sorted keys, so that rows in order of nearness get each other's values: on Postgres 436 of 500. It sorts by
all parts of a key, the first part first. So the first part of each key given to it is the distance, which
makes the two orders one. Feast's answer has ``distance`` once more by that, with the same values.
"""

from abc import abstractmethod
from collections.abc import Hashable
from datetime import datetime
from typing import Any, NoReturn

import numpy as np
from feast import FeatureView, RepoConfig
from feast.infra.online_stores.online_store import OnlineStore
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value

from embedding_features.errors import DataError, StoreError
from embedding_features.store.online_stores.search.query import DISTANCE, VectorQuery

#: a document: event time, entity, distance, values
Document = tuple[datetime, EntityKey, float, dict[str, Value]]
#: asked for beyond top_k, so that rounding to float32 in the search costs no row its place
_SPARE = 4
#: how often a search begins anew because a snapshot was switched meanwhile
_TRIES = 5


class VectorSearch(OnlineStore):  # type: ignore[misc]
    """Answers Feast's searches by exact distances, over what is online at that moment."""

    @abstractmethod
    def nearest(
        self, config: RepoConfig, view: FeatureView, query: VectorQuery, count: int
    ) -> tuple[list[EntityKey], Hashable]:
        """Return the entities nearest to a query, at least ``count`` where there are so many, in any order.

        Returns:
            Entities, and a name of the snapshot that was searched.
        """

    @abstractmethod
    def snapshot_name(self, config: RepoConfig, view: FeatureView) -> Hashable:
        """Return a name of the snapshot that is online now."""

    def retrieve_online_documents(
        self,
        config: RepoConfig,
        table: FeatureView,
        requested_features: list[str] | None,
        embedding: Any,
        top_k: int,
        distance_metric: str | None = None,
    ) -> list[tuple[datetime, EntityKey, Value, Value, Value]]:
        """Return the rows nearest to a vector: time, entity, vector twice, distance; nearest first.

        Raises:
            StoreError: when the view has no feature with ``vector_index``: Feast needs one here.
            StoreError, CompatibilityError, DataError: as :meth:`retrieve_online_documents_v2`.
        """
        if not any(field.vector_index for field in table.features):
            raise StoreError(
                f"view {table.name} has no feature with vector_index=True",
                fix="declare it, or call retrieve_online_documents_v2",
            )
        query = VectorQuery.of(table, requested_features, embedding, distance_metric)
        return [
            (event, entity, values[query.field.name], values[query.field.name], Value(double_val=distance))
            for event, entity, distance, values in self._search(config, table, query, top_k)
        ]

    def retrieve_online_documents_v2(
        self,
        config: RepoConfig,
        table: FeatureView,
        requested_features: list[str] | None,
        embedding: Any,
        top_k: int,
        distance_metric: str | None = None,
        query_string: str | None = None,
        filters: Any = None,
        include_feature_view_version_metadata: bool = False,  # noqa: ARG002 (Feast adds it)
    ) -> list[tuple[datetime, EntityKey, dict[str, Value]]]:
        """Return the rows nearest to a vector, nearest first, equally near ones by their keys.

        Args:
            config: the repository's settings.
            table: the view version.
            requested_features: features, keys and ``distance``, which is always given.
            embedding: [dim] numbers.
            top_k: rows wanted.
            distance_metric: L2, cosine or dot (inner_product, ip); None for the feature's own, or L2.
            query_string: must be None: there is no search by text.
            filters: must be None: there is no filter.
            include_feature_view_version_metadata: Feast adds it.

        Returns:
            Time, entity and values. An entity's first part is its distance, its own keys follow (see above).

        Raises:
            StoreError: on a search by text or with filters, an unknown feature or metric, a view without one
                feature of vectors, or one that is not online.
            CompatibilityError: on another dimension or metric than the feature has.
            DataError: on NaN or infinity in the query, or top_k < 1.
        """
        if embedding is None or query_string is not None:
            self._refuse("search by text", "embed the text, and pass the vector as query")
        if filters is not None:
            self._refuse("filter a search", "ask for more rows, and filter those")
        query = VectorQuery.of(table, requested_features, embedding, distance_metric)
        found = []
        for event, entity, distance, values in self._search(config, table, query, top_k):
            keys = dict(zip(entity.join_keys, entity.entity_values, strict=True))
            known = {**values, **keys, DISTANCE: Value(double_val=distance)}
            ranked = EntityKey(
                join_keys=[DISTANCE, *keys], entity_values=[known[DISTANCE], *entity.entity_values]
            )
            found.append((event, ranked, {name: known[name] for name in query.wanted if name in known}))
        return found

    def _refuse(self, what: str, fix: str) -> NoReturn:
        raise StoreError(f"{type(self).__name__} does not {what}", fix=fix)

    def _search(
        self, config: RepoConfig, view: FeatureView, query: VectorQuery, top_k: int
    ) -> list[Document]:
        if isinstance(top_k, bool) or not isinstance(top_k, int | np.integer) or top_k < 1:
            raise DataError(f"top_k = {top_k!r} is no whole number above 0")
        for _ in range(_TRIES):
            entities, searched = self.nearest(config, view, query, int(top_k) + _SPARE)
            rows = self.online_read(config, view, entities, list(query.features))
            if self.snapshot_name(config, view) == searched:
                break
        found = []
        for entity, (event, values) in zip(entities, rows, strict=True):
            value = (values or {}).get(query.field.name)
            slot = value.WhichOneof("val") if value is not None else None
            if slot is None:  # expired, or superseded by a row without a vector, since it was found
                continue
            vector = np.asarray(getattr(value, slot).val, np.float64)
            found.append((event, entity, query.distance(vector), values))
        return sorted(found, key=_nearest_first)[:top_k]


def _nearest_first(document: Document) -> tuple[Any, ...]:
    """Return what documents are sorted by: as Feast sorts keys whose first part is the distance."""
    _, entity, distance, _ = document
    return distance, *(getattr(value, value.WhichOneof("val")) for value in entity.entity_values)
