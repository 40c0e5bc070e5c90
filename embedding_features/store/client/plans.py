"""What a client has resolved of the registry: valid while that stays as it is."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Self, TypeAlias

from feast import FeatureStore

from embedding_features.errors import DataError
from embedding_features.ids import Ids
from embedding_features.store.client.history_view import HistoryView, history_view, no_histories
from embedding_features.store.client.pinned_vectors import PinnedVectors, pinned_vectors
from embedding_features.store.marks import mark
from embedding_features.store.online_stores.base import GivenIds
from embedding_features.store.online_stores.rows import Rows
from embedding_features.store.outside_errors import file_errors
from embedding_features.store.registries import Watch, watch_of
from embedding_features.store.retrieval.online import check_online
from embedding_features.store.retrieval.online_rows import online_file
from embedding_features.store.retrieval.read_rows import read_rows
from embedding_features.store.retrieval.refs import ViewRequest, resolve
from embedding_features.store.session import open_store

#: ids of the one entity that the features have, or key column → ids where they have several
AskedIds: TypeAlias = Ids | Mapping[str, Ids]


@dataclass(frozen=True)
class ReadPlan:
    """Holds the views of features that were asked for, and the keys that they need.

    Attributes:
        asked: the views and their features.
        keys: the join keys of each of the views.
        all_keys: all of them.
    """

    asked: tuple[ViewRequest, ...]
    keys: tuple[tuple[str, ...], ...]

    @cached_property
    def all_keys(self) -> tuple[str, ...]:
        """Return the join keys of all views, each once."""
        return tuple(dict.fromkeys(key for keys in self.keys for key in keys))

    def ids_by_key(self, ids: AskedIds) -> Mapping[str, GivenIds]:
        """Return key column → ids as they are looked up, of all keys that the features need.

        Raises:
            DataError: when there are none of a key.
        """
        if not isinstance(ids, Mapping):
            if len(self.all_keys) != 1:
                raise DataError(
                    f"ids without a name for features of {', '.join(self.all_keys)}",
                    fix="give a mapping: key column → ids",
                )
            return {self.all_keys[0]: ids}
        missing = [key for key in self.all_keys if key not in ids]
        if missing:
            raise DataError(f"no ids of {', '.join(missing)}", fix=f"give ids of {', '.join(self.all_keys)}")
        return {key: ids[key] for key in self.all_keys}

    @classmethod
    def of(cls, asked: Sequence[ViewRequest]) -> Self:
        """Return the plan of the views asked for."""
        return cls(tuple(asked), tuple(tuple(c.name for c in a.view.entity_columns) for a in asked))


@dataclass(frozen=True)
class Plans:
    """Holds the plans of one state of a repository's registry.

    Attributes:
        store: opened on it.
    """

    repo: Path
    store: FeatureStore
    _watch: Watch
    _state: Hashable
    _known: dict[str | tuple[str, ...], ReadPlan]
    _vectors: dict[tuple[str, str], PinnedVectors]
    _histories: dict[str, HistoryView | None]

    @classmethod
    def open(cls, repo: Path) -> "Plans":
        """Return the plans of a repository as it is now.

        Raises:
            StoreError: when nothing is applied, or the registry cannot be read.
        """
        with file_errors("reading the registry"):
            store = open_store(repo)
            # an open SQLite connection outlives its file
            watch = watch_of(store, repo, online_file(store, repo))
            state = watch.state()
            store = open_store(repo)  # anew: what changes from here on is seen at the next look
            return cls(repo, store, watch, state, {}, {}, {})

    def is_current(self) -> bool:
        """Return whether the registry is still as it was read."""
        return self._watch.state() == self._state

    def of(self, features: str | Sequence[str]) -> ReadPlan:
        """Return the plan of features; see :func:`.refs.resolve` for errors."""
        name = features if isinstance(features, str) else tuple(features)
        plan = self._known.get(name)
        if plan is None:
            plan = self._known[name] = ReadPlan.of(resolve(self.store, features))
        return plan

    def read(self, features: str | Sequence[str], ids: AskedIds) -> Mapping[str, Rows]:
        """Return the online rows of ids, by view; errors are those of :meth:`.EmbeddingFeatures.online`."""
        plan = self.of(features)
        given, found = plan.ids_by_key(ids), {}
        for asked, keys in zip(plan.asked, plan.keys, strict=True):
            rows = read_rows(self.store, asked, [given[key] for key in keys])
            if not rows.found.any() and len(rows.found):
                check_online(self.store, self.repo, asked, bool(rows.expired.any()))
            found[asked.view.name] = rows
        return MappingProxyType(found)

    def vectors(self, service: str, node_type: str) -> PinnedVectors:
        """Return the one view of vectors of a node type in a service.

        Raises:
            StoreError: when there is none or several.
        """
        key = (service, node_type)
        if key not in self._vectors:
            self._vectors[key] = pinned_vectors(self.repo, service, self.of(service).asked, node_type)
        return self._vectors[key]

    def history(self, node_type: str) -> HistoryView:
        """Return the view of a node type's histories.

        Raises:
            NoHistoriesError: when there is none.
            StoreError: as :func:`.history_view`.
        """
        if node_type not in self._histories:
            self._histories[node_type] = history_view(self.store, node_type)
        found = self._histories[node_type]
        if found is None:
            raise no_histories(node_type)
        return found

    def runs(self) -> set[str]:
        """Return the runs that any service is pinned to."""
        views = (p for s in self.store.list_feature_services() for p in s.feature_view_projections)
        return {run for view in views for field in view.features if (run := mark(field, "run_id"))}
