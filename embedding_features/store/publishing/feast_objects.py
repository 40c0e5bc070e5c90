"""The Feast objects of a registry, of a repository's files, or of a publication, by kind."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feast import Entity, FeatureService, FeatureStore
from feast.base_feature_view import BaseFeatureView
from feast.data_source import DataSource


@dataclass(frozen=True)
class FeastObjects:
    """Holds Feast objects by kind.

    Attributes:
        where: where they are, for errors.
    """

    where: str
    entities: Sequence[Entity]
    views: Sequence[BaseFeatureView]
    services: Sequence[FeatureService]
    sources: Sequence[DataSource]

    @classmethod
    def registered(cls, store: FeatureStore) -> "FeastObjects":
        """Return all objects of a registry."""
        registry, project = store.registry, store.project
        return cls(
            "the registry",
            registry.list_entities(project),
            registry.list_all_feature_views(project),
            registry.list_feature_services(project),
            registry.list_data_sources(project),
        )

    @classmethod
    def of(cls, where: str, objects: Iterable[Any]) -> "FeastObjects":
        """Return the Feast objects among any objects, and the sources of views."""
        found = list({id(thing): thing for thing in objects}.values())
        views = [thing for thing in found if isinstance(thing, BaseFeatureView)]
        sources = [thing for thing in found if isinstance(thing, DataSource)]
        sources += [s for view in views for s in _sources(view)]
        return cls(
            where,
            [thing for thing in found if isinstance(thing, Entity)],
            views,
            [thing for thing in found if isinstance(thing, FeatureService)],
            sources,
        )


def _sources(view: BaseFeatureView) -> list[DataSource]:
    """Return the batch and the stream source of a view, if any."""
    found = [getattr(view, name, None) for name in ("batch_source", "stream_source")]
    return [source for source in found if source is not None]


def declared_objects(repo: Path, ours: Iterable[Any]) -> FeastObjects:
    """Return the objects that the files of a repository declare beside ``ours``, as far as imported."""
    from feast.repo_operations import get_repo_files

    files, known = set(get_repo_files(repo)), {id(thing) for thing in ours}
    modules = [m for m in list(sys.modules.values()) if getattr(m, "__file__", None)]
    found = [
        thing for m in modules if Path(m.__file__ or "").resolve() in files for thing in vars(m).values()
    ]
    return FeastObjects.of(f"the files of {repo}", (thing for thing in found if id(thing) not in known))
