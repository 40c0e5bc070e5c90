"""Feast objects from published manifests: entities, versioned views, pinned services.

Feast's versions number schemas, not data: a view gets a new one when a field's tags change, and Feast counts
them in the registry, which may be lost. So the number is ours: publishing writes it into the manifest, and a
view is declared with ``version="vN"``, which Feast takes as it is. A service of such views is pinned: it
reads ``view@vN`` offline and online, whatever is published later.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from feast import Entity, FeatureService, FeatureView, Field, FileSource, ValueType
from feast.types import Array, FeastType, Float32, Int64, String

from embedding_features.artifact import Kind, Manifest
from embedding_features.artifact.tables import table_file
from embedding_features.config import Config, load_config
from embedding_features.errors import SnapshotError
from embedding_features.store.published import Published, list_published

SERVICES: dict[str, tuple[Kind, ...]] = {
    "ranking_dense": ("vector",),
    "ranking_discrete": ("clusters", "tokens", "neighbours"),
    "ranking_all": ("vector", "clusters", "tokens", "neighbours"),
}
EVENT, CREATED = "event_timestamp", "created_timestamp"


class RepoSettings(Config):
    """``embedding_features.yaml`` of a repository; every field has a default, the file may be missing.

    ``ttl_days`` is the age after which a snapshot is no longer joined to a label (None: never).
    """

    ttl_days: float | None = None

    @classmethod
    def of(cls, repo: Path) -> "RepoSettings":
        """The settings of a repository."""
        path = repo / "embedding_features.yaml"
        return load_config(path, cls) if path.is_file() else cls()


@dataclass(frozen=True)
class Definitions:
    """The Feast objects of a repository.

    Attributes:
        versions: view name → N → that version of the view, N ascending. The last one is the view; the others
            serve the pins of those who still ask for them.
    """

    entities: list[Entity]
    versions: dict[str, dict[int, FeatureView]]
    services: list[FeatureService]

    @property
    def views(self) -> list[FeatureView]:
        """The newest version of each view."""
        return [versions[max(versions)] for versions in self.versions.values()]

    def objects(self) -> list[Entity | FeatureView | FeatureService]:
        """What ``FeatureStore.apply`` takes."""
        return [*self.entities, *self.views, *self.services]

    def named(self) -> dict[str, Entity | FeatureView | FeatureService]:
        """The objects as attributes of a module, where ``feast apply`` looks for them."""
        kinds = (("entity", self.entities), ("view", self.views), ("service", self.services))
        return {f"{prefix}_{item.name}": item for prefix, items in kinds for item in items}


def definitions(repo: Path) -> Definitions:
    """The objects of everything published in ``repo``; none where nothing is.

    A service holds the views of the newest run of each family. A view that the newest run no longer has stays
    defined at its last version, so that old pins keep working, but is in no service.
    """
    settings, runs = RepoSettings.of(repo), list_published(repo)
    entities = {t: _entity(t, r.id_type) for run in runs for t, r in sorted(run.manifest.nodes.items())}
    versions: dict[str, dict[int, FeatureView]] = {}
    for run in runs:
        for node_type, kind in run.snapshot.tables:
            view = _view(run, node_type, kind, entities[node_type], settings)
            versions.setdefault(view.name, {})[run.version] = view
    latest = {run.family: run for run in runs}.values()
    services = []
    for service, kinds in SERVICES.items():
        members = [
            versions[run.view_name(node_type, kind)][run.version]
            for run in latest
            for node_type, kind in run.snapshot.tables
            if kind in kinds
        ]
        if members:
            services.append(FeatureService(name=service, features=members))
    return Definitions(list(entities.values()), versions, services)


def _entity(node_type: str, id_type: str) -> Entity:
    value_type = ValueType.INT64 if id_type == "int64" else ValueType.STRING
    return Entity(name=node_type, join_keys=[f"{node_type}_id"], value_type=value_type)


def _view(run: Published, node_type: str, kind: Kind, entity: Entity, settings: RepoSettings) -> FeatureView:
    view = FeatureView(
        name=run.view_name(node_type, kind),
        version=f"v{run.version}",
        entities=[entity],
        ttl=timedelta(days=settings.ttl_days or 0),
        schema=_fields(run, node_type, kind),
        source=FileSource(
            name=f"{run.manifest.space.id}_{node_type}_{kind}",
            # all snapshots of the space, and of no other
            path=str(run.folder.resolve().parent / "*" / table_file(node_type, kind)),
            timestamp_field=EVENT,
            created_timestamp_column=CREATED,
        ),
        tags={"space": run.manifest.space.id, "kind": kind},
    )
    # Feast sets this only when it creates a version; its online tables are named by it, also when they
    # have to be made again after a lost online database.
    view.current_version_number = run.version
    return view


def _fields(run: Published, node_type: str, kind: Kind) -> list[Field]:
    manifest = run.manifest
    path = run.snapshot.path(node_type, kind)
    try:
        schema: pa.Schema = pq.read_schema(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise SnapshotError(f"{path} cannot be read: {error}", fix="publish the snapshot again") from None
    key = f"{node_type}_id"
    fields = [Field(name=key, dtype=Int64 if manifest.nodes[node_type].id_type == "int64" else String)]
    for column in schema:
        if column.name not in (key, EVENT, CREATED):
            tags = _tags(manifest, node_type, kind, column.name)
            dtype, searched = _feast_type(column, path), kind == "vector"
            fields.append(
                Field(
                    name=column.name,
                    dtype=dtype,
                    tags=tags,
                    vector_index=searched,
                    vector_length=manifest.space.dim if searched else 0,
                    vector_search_metric=manifest.space.metric if searched else None,
                )
            )
    return fields


def _tags(manifest: Manifest, node_type: str, kind: Kind, column: str) -> dict[str, str]:
    """What a consumer pins: the run and the space, and the codebooks that the column's values refer to."""
    books = [c.id for c in manifest.codebooks if (c.node_type, c.kind) == (node_type, kind)]
    own = [c.id for c in manifest.codebooks if (c.node_type, c.kind, c.column) == (node_type, kind, column)]
    tags = {
        "kind": kind,
        "run_id": manifest.run_id,
        "as_of": manifest.as_of.isoformat(),
        "space": manifest.space.id,
        "dim": str(manifest.space.dim),
        "metric": manifest.space.metric,
    }
    if own or books:
        tags["codebooks"] = ",".join(own or books)
    return tags


def _feast_type(column: pa.Field, path: Path) -> FeastType:
    types = {pa.float32(): Array(Float32), pa.int64(): Array(Int64), pa.string(): Array(String)}
    is_list = pa.types.is_list(column.type) or pa.types.is_fixed_size_list(column.type)
    if not is_list or column.type.value_type not in types:
        raise SnapshotError(
            f"column {column.name} of {path} is {column.type}", fix="use lists of float32, int64 or string"
        )
    return types[column.type.value_type]
