"""The feature view of one table of a published run."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from feast import Entity, FeatureView, Field, FileSource
from feast.types import Array, FeastType, Float32, Int64, String

from embedding_features.artifact import Kind, Manifest
from embedding_features.artifact.tables import table_file
from embedding_features.errors import SnapshotError
from embedding_features.store.marks import Mark, marks
from embedding_features.store.moments import CREATED, EVENT
from embedding_features.store.published import Published
from embedding_features.store.repo_settings import RepoSettings


def published_view(
    run: Published, node_type: str, kind: Kind, entity: Entity, settings: RepoSettings
) -> FeatureView:
    """Return the view of a run's table, as its version.

    Raises:
        SnapshotError: when the table cannot be read, or has columns that Feast has no type for.
    """
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
        tags=marks({"space": run.manifest.space.id, "kind": kind, "node_type": node_type}),
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
            searched = kind == "vector"
            fields.append(
                Field(
                    name=column.name,
                    dtype=_feast_type(column, path),
                    tags=_tags(manifest, node_type, kind, column.name),
                    vector_index=searched,
                    vector_length=manifest.space.dim if searched else 0,
                    vector_search_metric=manifest.space.metric if searched else None,
                )
            )
    return fields


def _tags(manifest: Manifest, node_type: str, kind: Kind, column: str) -> dict[str, str]:
    """Return what a consumer pins: run, space, and the codebooks that the column's values refer to."""
    books = [c.id for c in manifest.codebooks if (c.node_type, c.kind) == (node_type, kind)]
    own = [c.id for c in manifest.codebooks if (c.node_type, c.kind, c.column) == (node_type, kind, column)]
    values: dict[Mark, str] = {
        "kind": kind,
        "run_id": manifest.run_id,
        "as_of": manifest.as_of.isoformat(),
        "space": manifest.space.id,
        "dim": str(manifest.space.dim),
        "metric": manifest.space.metric,
    }
    if own or books:
        values["codebooks"] = ",".join(own or books)
    return marks(values)


def _feast_type(column: pa.Field, path: Path) -> FeastType:
    types = {pa.float32(): Array(Float32), pa.int64(): Array(Int64), pa.string(): Array(String)}
    is_list = pa.types.is_list(column.type) or pa.types.is_fixed_size_list(column.type)
    if not is_list or column.type.value_type not in types:
        raise SnapshotError(
            f"column {column.name} of {path} is {column.type}", fix="use lists of float32, int64 or string"
        )
    return types[column.type.value_type]
