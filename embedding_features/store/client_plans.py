"""What a client has resolved: valid while the registry file stays as it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from feast import FeatureStore

from embedding_features.errors import StoreError
from embedding_features.store.online_rows import online_file
from embedding_features.store.refs import Asked, resolve
from embedding_features.store.session import open_store, registry_file


@dataclass(frozen=True)
class Plan:
    """Features resolved.

    Attributes:
        asked: the views and their features.
        keys: the join keys of each of the views.
        all_keys: all of them.
    """

    asked: tuple[Asked, ...]
    keys: tuple[tuple[str, ...], ...]

    @cached_property
    def all_keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key for keys in self.keys for key in keys))

    @classmethod
    def of(cls, asked: Sequence[Asked]) -> Self:
        return cls(tuple(asked), tuple(tuple(c.name for c in a.view.entity_columns) for a in asked))


@dataclass(frozen=True)
class Vectors:
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
    _watched: tuple[Path, ...]
    _marks: list[tuple[int, int]]
    _known: dict[str | tuple[str, ...], Plan]
    _vectors: dict[tuple[str, str], Vectors]

    @classmethod
    def open(cls, repo: Path) -> "Plans":
        """Raises:
        StoreError: when nothing is applied, or the registry cannot be read.
        """
        registry = registry_file(repo)
        marks = _marks((registry,))  # before it is read: what changes meanwhile is seen at the next look
        store = open_store(repo)
        sqlite = online_file(store, repo)  # of which an open connection outlives the file
        watched = (registry,) if sqlite is None else (registry, sqlite)
        return cls(repo, store, watched, marks + _marks(watched[1:]), {}, {})

    def is_current(self) -> bool:
        """Whether the registry file is still the one that was read."""
        return _marks(self._watched) == self._marks

    def of(self, features: str | Sequence[str]) -> Plan:
        """The plan of features; see :func:`.refs.resolve` for errors."""
        name = features if isinstance(features, str) else tuple(features)
        plan = self._known.get(name)
        if plan is None:
            plan = self._known[name] = Plan.of(resolve(self.store, features))
        return plan

    def vectors(self, service: str, node_type: str) -> Vectors:
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
            if field.tags.get("kind") == "vector" and "run_id" in field.tags
            if asked.view.entities == [node_type]
        ]
        if len(candidates) != 1:
            names = ", ".join(asked.view.name for asked, _ in candidates) or "none"
            raise StoreError(
                f"service {service} has not one published view of {node_type} vectors, but {names}",
                fix="name a service with one, such as ranking_dense",
            )
        ((asked, field),) = candidates
        folder = self.repo / "data" / "snapshots" / field.tags["space"] / field.tags["run_id"]
        ref = f"{asked.view.name}@v{asked.version}:{field.name}"
        found = Vectors(ref, field.name, node_type, folder, int(field.tags["dim"]))
        self._vectors[service, node_type] = found
        return found

    def runs(self) -> set[str]:
        """The runs that any service is pinned to."""
        views = (p for s in self.store.list_feature_services() for p in s.feature_view_projections)
        return {field.tags["run_id"] for view in views for field in view.features if "run_id" in field.tags}


def _marks(paths: Sequence[Path]) -> list[tuple[int, int]]:
    """What changes when a file is written or replaced; zeros where there is none."""
    marks = []
    for path in paths:
        try:
            found = path.stat()
        except FileNotFoundError:
            marks.append((0, 0))
        else:
            marks.append((found.st_ino, found.st_mtime_ns))
    return marks
