"""Feast objects from published manifests: entities, versioned views, pinned services.

Feast's versions number schemas, not data: a view gets a new one when a field's tags change, and Feast counts
them in the registry, which may be lost. So the number is ours: publishing writes it into the manifest, and a
view is declared with ``version="vN"``, which Feast takes as it is. A service of such views is pinned: it
reads ``view@vN`` offline and online, whatever is published later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from feast import Entity, FeatureService, FeatureView, ValueType

from embedding_features.artifact import Kind
from embedding_features.artifact.kinds import KINDS
from embedding_features.errors import ConfigError
from embedding_features.store.marks import PREFIX, marks
from embedding_features.store.outside_errors import feast_errors, file_errors
from embedding_features.store.published import Published, list_published
from embedding_features.store.publishing.definition_views import published_view
from embedding_features.store.publishing.event_views import ensure_source, event_views
from embedding_features.store.publishing.feast_objects import FeastObjects, declared_objects
from embedding_features.store.publishing.names import adopt, refuse_taken
from embedding_features.store.publishing.published_service import PublishedService
from embedding_features.store.repo_settings import SETTINGS_FILE, RepoSettings, Service
from embedding_features.store.session import applied_store

SERVICES: dict[Service, tuple[Kind, ...]] = {
    "ranking_dense": tuple(name for name, kind in KINDS.items() if not kind.discrete),
    "ranking_discrete": tuple(name for name, kind in KINDS.items() if kind.discrete),
    "ranking_all": tuple(KINDS),
}


@dataclass(frozen=True)
class Definitions:
    """Holds the Feast objects of the repository ``repo``.

    Attributes:
        versions: view name → N → that version of the view, N ascending. The last one is the view; the others
            serve the pins of those who still ask for them.
        histories: views of events, which are pushed and not published.
    """

    repo: Path
    entities: list[Entity]
    versions: dict[str, dict[int, FeatureView]]
    histories: list[FeatureView]
    services: list[PublishedService]

    @property
    def views(self) -> list[FeatureView]:
        """Return the newest version of each view, and those of histories."""
        return [*(versions[max(versions)] for versions in self.versions.values()), *self.histories]

    def all(self) -> FeastObjects:
        """Return the objects by kind."""
        return FeastObjects.of("what is published", self.objects())

    def objects(self) -> list[Entity | FeatureView | FeatureService]:
        """Return what ``FeatureStore.apply`` takes."""
        return [*self.entities, *self.views, *self.services]

    @file_errors("making the sources of histories")
    def ensure_sources(self) -> None:
        """Write the files that the views of histories have as their batch sources, where there are none."""
        for view in self.histories:
            ensure_source(view)

    def named(self) -> dict[str, Entity | FeatureView | FeatureService]:
        """Return the objects as attributes of a module, where ``feast apply`` looks for them.

        No variable has such names, so none of the module's own is replaced. Before anything is written, the
        services look for our names in all files of the repository, and see that histories have a source.
        """
        for service in self.services:
            service.before_apply = partial(_check_files, self)
        kinds = (("entity", self.entities), ("view", self.views), ("service", self.services))
        return {f"{PREFIX}{kind}.{item.name}": item for kind, items in kinds for item in items}


@file_errors("reading what is published")
def definitions(repo: Path) -> Definitions:
    """Return the objects of everything published in ``repo``; none where nothing is.

    A service holds the views of the newest run of each family. A view that the newest run no longer has stays
    defined at its last version, so that old pins keep working, but is in no service. An entity that the
    registry has is taken as it is there.

    Raises:
        StoreError: when the registry has an object of one of these names that was not published. In a
            module's objects also ``feast apply`` raises it, for the objects of the repository's files.
    """
    wanted = definitions_of(repo, list_published(repo))
    store = applied_store(repo) if wanted.versions else None
    if store is not None:
        with feast_errors("reading the registry"):
            theirs = FeastObjects.registered(store)
        refuse_taken(wanted.all(), theirs)
        adopt(wanted.entities, theirs.entities)
    return wanted


def definitions_of(repo: Path, runs: Sequence[Published]) -> Definitions:
    """Return the objects of some runs, by the settings of ``repo``, whatever else there is.

    Raises:
        ConfigError: when the settings give two node types one entity.
    """
    settings = RepoSettings.of(repo)
    types = {t: r.id_type for run in runs for t, r in sorted(run.manifest.nodes.items())}
    entities = {t: _entity(t, id_type, settings) for t, id_type in types.items()}
    if len({entity.name for entity in entities.values()}) < len(entities):
        raise ConfigError(f"two of {', '.join(entities)} have one entity", fix=f"correct {SETTINGS_FILE}")
    versions: dict[str, dict[int, FeatureView]] = {}
    for run in runs:
        for node_type, kind in run.snapshot.tables:
            view = published_view(run, node_type, kind, entities[node_type], settings)
            versions.setdefault(view.name, {})[run.version] = view
    latest = {run.family: run for run in runs}.values()
    services = []
    for service, kinds in SERVICES.items():
        members = [
            versions[run.view_name(node_type, kind)][run.version]
            for run in latest
            for node_type, kind in run.snapshot.tables
            if kind in kinds and node_type in (run.manifest.sides or run.manifest.nodes)
        ]
        if members:
            name, tags = settings.service(service), marks({"service": service})
            services.append(PublishedService(name=name, features=members, tags=tags))
    histories = event_views(repo, entities, settings)
    return Definitions(repo, list(entities.values()), versions, histories, services)


def _check_files(found: Definitions) -> None:
    """Refuse what has a name of ours in the repository's files, use their entities, and make sources."""
    theirs = declared_objects(found.repo.resolve(), found.objects())
    refuse_taken(found.all(), theirs)
    adopt(found.entities, theirs.entities)
    found.ensure_sources()


def _entity(node_type: str, id_type: str, settings: RepoSettings) -> Entity:
    value_type = ValueType.INT64 if id_type == "int64" else ValueType.STRING
    return Entity(name=settings.entity(node_type), join_keys=[f"{node_type}_id"], value_type=value_type)
