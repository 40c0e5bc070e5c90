"""What a client has resolved: valid while the registry stays as it is."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from feast import FeatureStore

from embedding_features.errors import StoreError
from embedding_features.store.marks import mark, vector_dim
from embedding_features.store.outside_errors import file_errors
from embedding_features.store.published import snapshots_root
from embedding_features.store.registries import Watch, watch_of
from embedding_features.store.retrieval.online_rows import online_file
from embedding_features.store.retrieval.refs import ViewRequest, resolve
from embedding_features.store.session import open_store


@dataclass(frozen=True)
class ReadPlan:
    """Features resolved.

    Attributes:
        asked: the views and their features.
        keys: the join keys of each of the views.
        all_keys: all of them.
    """

    asked: tuple[ViewRequest, ...]
    keys: tuple[tuple[str, ...], ...]

    @cached_property
    def all_keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key for keys in self.keys for key in keys))

    @classmethod
    def of(cls, asked: Sequence[ViewRequest]) -> Self:
        return cls(tuple(asked), tuple(tuple(c.name for c in a.view.entity_columns) for a in asked))


@dataclass(frozen=True)
class PinnedVectors:
    """The vectors of a node type that a service is pinned to.

    Attributes:
        ref: the reference ``view@vN:feature``.
        feature: its last part.
        folder: of the published snapshot, whose name is the run id.
        dim: of the vectors.
    """

    ref: str
    feature: str
    node_type: str
    folder: Path
    dim: int

    @property
    def run_id(self) -> str:
        return self.folder.name


@dataclass(frozen=True)
class Plans:
    """Plans of one state of a repository's registry.

    Attributes:
        store: opened on it.
    """

    repo: Path
    store: FeatureStore
    _watch: Watch
    _state: Hashable
    _known: dict[str | tuple[str, ...], ReadPlan]
    _vectors: dict[tuple[str, str], PinnedVectors]

    @classmethod
    def open(cls, repo: Path) -> "Plans":
        """Raises:
        StoreError: when nothing is applied, or the registry cannot be read.
        """
        with file_errors("reading the registry"):
            store = open_store(repo)
            # an open SQLite connection outlives its file
            watch = watch_of(store, repo, online_file(store, repo))
            state = watch.state()
            store = open_store(repo)  # anew: what changes from here on is seen at the next look
            return cls(repo, store, watch, state, {}, {})

    def is_current(self) -> bool:
        """Whether the registry is still as it was read."""
        return self._watch.state() == self._state

    def of(self, features: str | Sequence[str]) -> ReadPlan:
        """The plan of features; see :func:`.refs.resolve` for errors."""
        name = features if isinstance(features, str) else tuple(features)
        plan = self._known.get(name)
        if plan is None:
            plan = self._known[name] = ReadPlan.of(resolve(self.store, features))
        return plan

    def vectors(self, service: str, node_type: str) -> PinnedVectors:
        """The one view of vectors of a node type in a service.

        Raises:
            StoreError: when there is none or several.
        """
        found = self._vectors.get((service, node_type))
        if found is not None:
            return found
        candidates = [
            (asked, field)
            for asked in self.of(service).asked
            for field in asked.fields
            if mark(field, "kind") == "vector" and mark(field, "run_id")
            if mark(asked.view, "node_type") == node_type
        ]
        if len(candidates) != 1:
            names = ", ".join(asked.view.name for asked, _ in candidates) or "none"
            raise StoreError(
                f"service {service} has not one published view of {node_type} vectors, but {names}",
                fix="name a service with one, such as ranking_dense; after an upgrade of the library "
                "`embedding-features doctor --fix` marks the views anew",
            )
        ((asked, field),) = candidates
        folder = snapshots_root(self.repo) / str(mark(field, "space")) / str(mark(field, "run_id"))
        ref = f"{asked.view.name}@v{asked.version}:{field.name}"
        found = PinnedVectors(ref, field.name, node_type, folder, vector_dim(field) or 0)
        self._vectors[service, node_type] = found
        return found

    def runs(self) -> set[str]:
        """The runs that any service is pinned to."""
        views = (p for s in self.store.list_feature_services() for p in s.feature_view_projections)
        return {run for view in views for field in view.features if (run := mark(field, "run_id"))}
