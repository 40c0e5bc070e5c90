"""A compute engine for Feast that materializes snapshots columnar, from Arrow, in one atomic switch.

batch_engine:
  type: embedding_features.store.engine.ArrowEngine
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from feast import Entity, FeatureView
from feast.infra.common.materialization_job import MaterializationJobStatus, MaterializationTask
from feast.infra.compute_engines.local.compute import LocalComputeEngine
from feast.infra.compute_engines.local.job import LocalMaterializationJob
from feast.infra.offline_stores.ibis import IbisRetrievalJob
from feast.infra.offline_stores.offline_store import RetrievalJob
from feast.infra.registry.base_registry import BaseRegistry
from feast.repo_config import FeastConfigBaseModel
from feast.utils import _get_column_names

from embedding_features.errors import StoreError
from embedding_features.store.marks import is_history, is_snapshot
from embedding_features.store.online_stores.collected import CollectedRows, in_batches

_BATCH = 1 << 13


class ArrowEngineConfig(FeastConfigBaseModel):  # type: ignore[misc]
    """Holds the settings ``batch_engine`` of ``feature_store.yaml``: there are none but the type."""

    type: Literal["embedding_features.store.engine.ArrowEngine"] = (
        "embedding_features.store.engine.ArrowEngine"
    )


class ArrowEngine(LocalComputeEngine):  # type: ignore[misc]
    """Is Feast's local engine, but a view of snapshots goes columnar to a store with ``write_table``.

    A view of snapshots is a plain feature view of one entity with the tag ``embedding_features.space``. Of
    its rows in the window those of the newest event time are the snapshot; they replace what is online, and
    what they lack is gone. Views of other kinds go Feast's own way, row by row, but into a store of this
    library all rows of a window or none. Other stores are written as by Feast's engine. Histories of events
    come by pushes: they are passed over, and stay as they are.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{name: value for name, value in settings.items() if name != "type"})

    def _materialize_one(
        self, registry: BaseRegistry, task: MaterializationTask, **settings: Any
    ) -> LocalMaterializationJob:
        job_id = f"{task.feature_view.name}-{task.start_time}-{task.end_time}"
        if is_history(task.feature_view):
            return LocalMaterializationJob(job_id, MaterializationJobStatus.SUCCEEDED)
        if not hasattr(self.online_store, "write_table"):
            return super()._materialize_one(registry, task, **settings)
        try:
            if _is_snapshot(task.feature_view):
                self._write(registry, task)
            else:
                self._write_rows(registry, task)
        except Exception as error:  # Feast raises it where it waits for the job
            return LocalMaterializationJob(job_id, MaterializationJobStatus.ERROR, error)
        return LocalMaterializationJob(job_id, MaterializationJobStatus.SUCCEEDED)

    def _write_rows(self, registry: BaseRegistry, task: MaterializationTask) -> None:
        """Write rows Feast's own way, but when all are there: a bad row leaves them all out."""
        collected, config = CollectedRows(), in_batches(self.repo_config, _BATCH)
        feasts = LocalComputeEngine(
            repo_config=config, offline_store=self.offline_store, online_store=collected
        )
        job = feasts._materialize_one(registry, task)
        if job.error():
            raise job.error()
        if collected.rows:
            self.online_store.online_write_batch(self.repo_config, task.feature_view, collected.rows, None)

    def _write(self, registry: BaseRegistry, task: MaterializationTask) -> None:
        """Write the newest snapshot in the window."""
        view = task.feature_view
        entities = [registry.get_entity(name, task.project) for name in view.entities]
        with snapshot_batches(self._pull(task, entities), _event_column(view)) as (rows, batches):
            if rows:
                names = view.batch_source.field_mapping or {}
                schema = pa.schema([f.with_name(names.get(f.name, f.name)) for f in batches.schema])
                renamed = (pa.record_batch(batch.columns, schema=schema) for batch in batches)
                reader = pa.RecordBatchReader.from_batches(schema, renamed)
                self.online_store.write_table(self.repo_config, view, reader, rows=rows)

    def _pull(self, task: MaterializationTask, entities: list[Entity]) -> RetrievalJob:
        keys, features, event, created = _get_column_names(task.feature_view, entities)
        return self.offline_store.pull_all_from_table_or_query(
            config=self.repo_config,
            data_source=task.feature_view.batch_source,
            join_key_columns=keys,
            feature_name_columns=features,
            timestamp_field=event,
            created_timestamp_column=created,
            start_date=task.start_time,
            end_date=task.end_time,
        )


def _is_snapshot(view: Any) -> bool:
    """Return whether a view's rows come as whole snapshots, without a transformation."""
    return (
        type(view) is FeatureView
        and is_snapshot(view)
        and view.online
        and not view.offline
        and len(view.entity_columns) == 1
        and view.batch_source is not None
    )


def _event_column(view: FeatureView) -> str:
    """Return the column of the event time as the source names it."""
    event = view.batch_source.timestamp_field
    back = {new: old for old, new in (view.batch_source.field_mapping or {}).items()}
    return str(back.get(event, event))


@contextmanager
def snapshot_batches(job: RetrievalJob, event: str) -> Iterator[tuple[int, pa.RecordBatchReader]]:
    """Give the number of rows of the newest event time, and a reader of them.

    They are streamed where the job is DuckDB's.

    Raises:
        StoreError: when a row has no event time.
    """
    if isinstance(job, IbisRetrievalJob):
        times = job.table.select(event)  # nothing else is decoded to count
        newest = times[event].max().execute()
        rows = int(times.filter(times[event] == newest).count().execute())
        table = job.table.filter(job.table[event] == newest)
        backend = table.get_backend()  # whose own batches need a method that DuckDB 2 no longer has
        with backend.con.sql(backend.compile(table)).to_arrow_reader(_BATCH) as reader:
            yield rows, reader
        return
    whole = job.to_arrow()
    if whole.column(event).null_count:
        raise StoreError(f"rows without {event}", fix="give every row its event time")
    table = whole.filter(pc.equal(whole[event], pc.max(whole[event])))
    yield table.num_rows, table.to_reader(_BATCH)
