"""The feature view of the histories of a node type's events, which pushes are merged into online."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from feast import Entity, FeatureView, Field, FileSource, PushSource, ValueType
from feast.types import Array, Float64, Int64, PrimitiveFeastType, String, from_feast_to_pyarrow_type

from embedding_features.files import atomic_file
from embedding_features.store.marks import marks
from embedding_features.store.moments import EVENT, STAMP
from embedding_features.store.online_stores.histories.history import (
    EVENT_IDS,
    NODE_IDS,
    TIMES,
    VALUES,
    view_name,
)
from embedding_features.store.repo_settings import EventsSettings, RepoSettings


def event_views(repo: Path, entities: Mapping[str, Entity], settings: RepoSettings) -> list[FeatureView]:
    """Return the views of histories that the settings ask for, of node types that are published.

    Args:
        repo: folder of the repository.
        entities: node type → its entity, of all that is published.
        settings: of the repository.
    """
    return [
        event_view(repo, node_type, events, entities)
        for node_type, events in settings.events.items()
        if node_type in entities and events.of in entities
    ]


def event_view(
    repo: Path, node_type: str, events: EventsSettings, entities: Mapping[str, Entity]
) -> FeatureView:
    """Return the view ``<node type>_events`` with a push source of that name, whose rows never expire.

    Its batch source is ``<repo>/data/events/<view>.parquet``: Feast asks for one, and appends to it what is
    pushed offline. Nothing of it is materialized. A change of ``keep`` is a change of a tag, and what is
    online stays; events of another node type make another version of the view, whose histories begin empty.
    """
    name, types = view_name(node_type), {t: _id_type(entity) for t, entity in entities.items()}
    tags = marks({"kind": "events", "node_type": node_type, "of": events.of, "keep": str(events.keep)})
    rows = FileSource(
        name=f"{name}_rows",
        path=str(repo.resolve() / "data" / "events" / f"{name}.parquet"),
        timestamp_field=EVENT,
        tags=tags,
    )
    return FeatureView(
        name=name,
        entities=[entities[node_type]],
        ttl=timedelta(0),
        schema=[
            Field(name=entities[node_type].join_key, dtype=types[node_type]),
            Field(name=EVENT_IDS, dtype=Array(String)),
            Field(name=NODE_IDS, dtype=Array(types[events.of]), tags=marks({"of": events.of})),
            Field(name=VALUES, dtype=Array(Float64)),
            Field(name=TIMES, dtype=Array(Int64)),
        ],
        source=PushSource(name=name, batch_source=rows, tags=tags),
        tags=tags,
    )


def ensure_source(view: FeatureView) -> None:
    """Write the file of a view's batch source without rows, where there is none: Feast reads its columns."""
    path = Path(view.batch_source.path)
    if not path.exists():
        columns = [*view.entity_columns, *view.features]
        fields = [(column.name, from_feast_to_pyarrow_type(column.dtype)) for column in columns]
        with atomic_file(path) as file:
            pq.write_table(pa.schema([*fields, (EVENT, STAMP)]).empty_table(), file)


def _id_type(entity: Entity) -> PrimitiveFeastType:
    return Int64 if entity.value_type == ValueType.INT64 else String
