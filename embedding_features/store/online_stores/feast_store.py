"""Feast's interface of an online store, answered by what the store keeps of each view version."""

from abc import abstractmethod
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from feast import Entity, FeatureView, RepoConfig
from feast.protos.feast.types.EntityKey_pb2 import EntityKey

from embedding_features.store.marks import is_history
from embedding_features.store.moments import now_micros
from embedding_features.store.online_stores.feast_reads import FeastReads, Written
from embedding_features.store.online_stores.histories.push import push_events
from embedding_features.store.online_stores.key_types import refuse_types
from embedding_features.store.online_stores.key_values import keys_of
from embedding_features.store.online_stores.response import Found
from embedding_features.store.online_stores.row_checks import checked_rows
from embedding_features.store.online_stores.search.documents import VectorSearch
from embedding_features.store.online_stores.search.query import VectorQuery
from embedding_features.store.online_stores.stored_view import StoredView


class FeastOnlineStore(FeastReads, VectorSearch):
    """Is the template of an online store: a subclass finds and removes what it keeps of a view version."""

    @abstractmethod
    def _view(self, config: RepoConfig, view: FeatureView) -> StoredView:
        """Return what the store keeps of a view version; the same object for the same version."""

    @abstractmethod
    def _remove_view(self, config: RepoConfig, view: FeatureView) -> None:
        """Remove all versions of a view; what is not there is no error."""

    @abstractmethod
    def _remove_project(self, config: RepoConfig) -> None:
        """Remove everything of the project, and nothing else."""

    def online_write_batch(
        self,
        config: RepoConfig,
        table: FeatureView,
        data: list[Written],
        progress: Callable[[int], Any] | None,
    ) -> None:
        """Push rows; a row older than what is served is passed over. Events are merged into their histories.

        Raises:
            StoreError: when a row breaks a rule of :func:`.row_checks.check_pushed`; nothing is written then.
            DataError: when an event breaks one of :func:`.checks.checked_events`; nothing is written then.
        """
        if is_history(table):
            push_events(self._view(config, table), table, data)
        else:
            self._view(config, table).push(checked_rows(table, data))
        if progress:
            progress(len(data))

    def online_read(
        self,
        config: RepoConfig,
        table: FeatureView,
        entity_keys: list[EntityKey],
        requested_features: list[str] | None = None,
    ) -> list[Found]:
        """Return (event time, values) for each key; (None, None) without a row, (time, None) after ttl."""
        names = requested_features or [field.name for field in table.features]
        return self._view(config, table).read_protos(table, keys_of(table, entity_keys), names, now_micros())

    def nearest(
        self, config: RepoConfig, view: FeatureView, query: VectorQuery, count: int
    ) -> tuple[list[EntityKey], Hashable]:
        """Return the entities nearest to a query, and a name of the snapshot that was searched."""
        now = now_micros()
        searched = self._view(config, view).searched(view, query, now)
        return searched.nearest(view, query, count, now), searched.name

    def snapshot_name(self, config: RepoConfig, view: FeatureView) -> Hashable:
        """Return a name of the snapshot that is online now."""
        return self._view(config, view).snapshot_name()

    def update(
        self,
        config: RepoConfig,
        tables_to_delete: Sequence[FeatureView],
        tables_to_keep: Sequence[FeatureView],
        entities_to_delete: Sequence[Entity],  # noqa: ARG002 - as Feast calls it
        entities_to_keep: Sequence[Entity],  # noqa: ARG002
        partial: bool,  # noqa: ARG002
    ) -> None:
        """Make the views that are kept ready; remove deleted ones, all versions.

        Raises:
            StoreError: when a view has keys or features of a type that is not stored; nothing changes then.
        """
        for view in tables_to_keep:
            refuse_types(view)
        for view in tables_to_delete:
            self._remove_view(config, view)
        for view in tables_to_keep:
            self._view(config, view).create()

    def teardown(
        self,
        config: RepoConfig,
        tables: Sequence[FeatureView],  # noqa: ARG002 - as Feast calls it
        entities: Sequence[Entity],  # noqa: ARG002
    ) -> None:
        """Remove everything of the project, and nothing else."""
        self._remove_project(config)
