"""What Feast's own suite asks of an offline store beside joins: saved datasets, validation, logs, appends.

Each runs over ours and over Feast's duckdb store. Sources and frames are as pandas writes them: nanoseconds.
"""

from contextlib import nullcontext
from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast import FeatureService
from feast.data_format import ParquetFormat
from feast.dqm.errors import ValidationFailed
from feast.dqm.profilers.profiler import Profile, Profiler, ValidationError
from feast.feature_logging import FeatureServiceLoggingSource, LoggingConfig
from feast.infra.offline_stores.file_source import FileLoggingDestination, SavedDatasetFileStorage
from feast.types import Float64, Int64

from embedding_features.errors import DataError, StoreError
from tests.store.offline_world import T0, ask, open_store, quiet, stock_of, view

REFS = ["v:x", "v:n"]
WAYS = pytest.mark.parametrize("way", [nullcontext, stock_of], ids=["ours", "stock"])


class Range(Profile):
    """That the values of each column are within those of a reference."""

    def __init__(self, reference: pd.DataFrame) -> None:
        self.reference, self.found = reference, []

    def validate(self, dataset: pd.DataFrame) -> "Range":
        for name in ("x", "n", "event_timestamp"):
            column, known = dataset[name].dropna(), self.reference[name].dropna()
            if column.min() < known.min() or column.max() > known.max():
                self.found.append(ValidationError("range", name))
        return self

    @property
    def is_success(self) -> bool:
        return not self.found

    @property
    def errors(self) -> list[ValidationError]:
        return self.found


class Ranges(Profiler):
    def analyze_dataset(self, dataset: pd.DataFrame) -> Range:
        return Range(dataset)


class Never(Profiler):
    def analyze_dataset(self, dataset: pd.DataFrame) -> Range:
        return Range(dataset.assign(x=-1.0))


def frame(rows=6, first=0):
    times = [pd.Timestamp(T0) + pd.Timedelta(hours=first + i) for i in range(rows)]
    return pd.DataFrame({"user_id": np.arange(rows) % 3, "event_timestamp": times})


@pytest.fixture
def store(tmp_path):
    """A source that pandas wrote, with nanoseconds UTC in both times."""
    rows = frame(12, -6).assign(x=np.arange(12) / 2, n=range(12))
    rows["created"] = rows["event_timestamp"] + pd.Timedelta("1min")
    rows.to_parquet(tmp_path / "v.parquet")
    assert pq.read_schema(tmp_path / "v.parquet").field("created").type == pa.timestamp("ns", tz="UTC")
    made = view("v", ["user"], tmp_path / "v.parquet", {"x": Float64, "n": Int64}, created="created")
    logs = FileLoggingDestination(path=str(tmp_path / "logs"))
    (tmp_path / "logs").mkdir()
    service = FeatureService(name="s", features=[made], logging_config=LoggingConfig(destination=logs))
    return open_store(tmp_path, [made, service])


def saved(store, path, rows):
    job = store.get_historical_features(rows, REFS)
    storage = SavedDatasetFileStorage(path=str(path), file_format=ParquetFormat())
    return store.create_saved_dataset(from_=job, name="saved", storage=storage, allow_overwrite=True)


@WAYS
@pytest.mark.parametrize("unit", ["ns", "us", "s"])
@pytest.mark.parametrize("where", ["folder", "file.parquet"])
def test_a_saved_dataset_is_read_as_it_was_joined(store, tmp_path, way, unit, where):
    rows = frame()
    rows["event_timestamp"] = rows["event_timestamp"].astype(f"datetime64[{unit}, UTC]")
    with quiet(), way(store):
        if where == "folder":
            (tmp_path / where).mkdir()
        found = saved(store, tmp_path / where, rows).to_df().sort_values("event_timestamp")
        wanted = store.get_historical_features(rows, REFS).to_df().sort_values("event_timestamp")
    assert found["x"].tolist() == wanted["x"].tolist()
    assert found["n"].tolist() == wanted["n"].tolist()
    assert [t.timestamp() for t in found["event_timestamp"]] == [
        t.timestamp() for t in rows["event_timestamp"]
    ]


def test_what_is_written_are_microseconds_utc(store, tmp_path):
    """Rounded as the join did for the rows' own times, and up for others."""
    rows = frame(2)
    rows["event_timestamp"] += pd.Timedelta(nanoseconds=1500)
    rows["other"] = rows["event_timestamp"].dt.tz_convert("Asia/Tokyo")
    with quiet():
        saved(store, tmp_path / "s.parquet", rows)
    table = pq.read_table(tmp_path / "s.parquet")
    assert table.schema.field("event_timestamp").type == pa.timestamp("us", tz="UTC")
    assert table.schema.field("other").type.unit == "us"
    assert table["event_timestamp"][0].as_py() == T0 + timedelta(microseconds=1)
    assert table["other"][0].as_py() == T0 + timedelta(microseconds=2)


@WAYS
def test_validation_against_a_saved_dataset(store, tmp_path, way):
    with quiet(), way(store):
        dataset = saved(store, tmp_path / "s.parquet", frame())
        job = store.get_historical_features(frame(), REFS)
        assert len(job.to_df(validation_reference=dataset.as_reference("r", profiler=Ranges()))) == 6
        with pytest.raises(ValidationFailed) as failed:
            job.to_df(validation_reference=dataset.as_reference("r", profiler=Never()))
    assert [error.column_name for error in failed.value.report.errors] == ["x"]


def log_of(rows, store):
    """Logs of served features, as a feature server makes them."""
    with quiet():
        served = store.get_historical_features(rows, REFS, full_feature_names=True).to_df()
    log = served.drop(columns="event_timestamp")
    for name in ("v__x", "v__n"):
        log[f"{name}__timestamp"], log[f"{name}__status"] = served["event_timestamp"], 2
    times = served["event_timestamp"]
    return log.assign(
        __log_timestamp=times, __log_date=times.dt.date, __request_id=[str(i) for i in range(len(log))]
    )


@WAYS
def test_logged_features_are_read_and_validated(store, tmp_path, way):
    service = store.get_feature_service("s")
    schema = FeatureServiceLoggingSource(service, store.project).get_schema(store.registry)
    log = log_of(frame(), store)
    start, end = log["__log_timestamp"].min(), log["__log_timestamp"].max() + timedelta(seconds=1)
    with quiet(), way(store):
        for part in (log[:3], log[3:]):
            table = pa.Table.from_pandas(part, schema=schema, preserve_index=False)
            store.write_logged_features(table, service)
        job = store._get_provider().retrieve_feature_service_logs(
            service, start, end, store.config, store.registry
        )
        found = job.to_df().sort_values("__request_id")
        dataset = saved_full(store, tmp_path / "s.parquet")
        reference = dataset.as_reference("r", profiler=LogRanges())
        store.validate_logged_features(service, start, end, reference, cache_profile=False)
    assert found["v__x"].tolist() == log["v__x"].tolist()
    assert [t.timestamp() for t in found["__log_timestamp"]] == [
        t.timestamp() for t in log["__log_timestamp"]
    ]


class LogRange(Range):
    def validate(self, dataset: pd.DataFrame) -> "LogRange":
        for name in ("v__x", "v__n"):
            if not set(dataset[name].dropna()) <= set(self.reference[name].dropna()):
                self.found.append(ValidationError("set", name))
        return self


class LogRanges(Profiler):
    def analyze_dataset(self, dataset: pd.DataFrame) -> LogRange:
        return LogRange(dataset)


def saved_full(store, path):
    job = store.get_historical_features(frame(), REFS, full_feature_names=True)
    storage = SavedDatasetFileStorage(path=str(path), file_format=ParquetFormat())
    return store.create_saved_dataset(from_=job, name="full", storage=storage, allow_overwrite=True)


@pytest.mark.parametrize(
    ("way", "unit"), [(nullcontext, "ns"), (nullcontext, "us"), (stock_of, "us")], ids=["ns", "us", "stock"]
)
@pytest.mark.parametrize("latest", [True, False])
def test_materialized_and_read_online(tmp_path, store, way, unit, latest):
    """Also after the view was removed and applied again: nothing of it is left. Stock fails on ns."""
    rows = pd.read_parquet(tmp_path / "v.parquet")
    for name in ("event_timestamp", "created"):
        rows[name] = rows[name].astype(f"datetime64[{unit}, UTC]")
    rows.to_parquet(tmp_path / "v.parquet")
    store.config.materialization_config.pull_latest_features = latest
    ask_online = [{"user_id": i} for i in (0, 1, 2, 7)]
    with quiet(), way(store):
        store.materialize(T0 - timedelta(days=2), T0 + timedelta(days=2))
        found = store.get_online_features(REFS, ask_online).to_dict()
        kept = store.get_feature_view("v")
        store.apply([], objects_to_delete=[kept, store.get_feature_service("s")], partial=False)
        store.apply([kept])
        gone = store.get_online_features(REFS, ask_online).to_dict()
    assert found["n"] == [9, 10, 11, None]
    assert gone["n"] == [None] * 4


@WAYS
def test_rows_are_appended(store, tmp_path, way):
    later = frame(3, 24).assign(x=[7.0, 8.0, 9.0], n=[70, 80, 90])
    later["created"] = later["event_timestamp"]
    with quiet(), way(store):
        store.write_to_offline_store("v", later)
        found = store.get_historical_features(frame(3, 48), REFS).to_df().sort_values("user_id")
    assert found["n"].tolist() == [70, 80, 90]
    assert len(pq.read_table(tmp_path / "v.parquet")) == 15


def test_what_cannot_be_appended_is_named(store, tmp_path):
    later = frame(1, 24).assign(x=[7.0], n=["007"])
    later["created"] = later["event_timestamp"]
    with quiet(), pytest.raises(DataError, match="column n is string, and int64 in"):
        store.write_to_offline_store("v", later)
    glob = view("g", ["user"], tmp_path / "*.parquet", {"x": Float64})
    with pytest.raises(StoreError, match="is none"):
        store._get_provider().offline_store.offline_write_batch(
            store.config, glob, pa.Table.from_pandas(later), None
        )
    with quiet(), pytest.raises(StoreError, match="writing a saved dataset failed"):
        saved(store, tmp_path / "v.parquet" / "no.parquet", frame())


# retrieval without an entity dataframe


def no_frame(store, start, end, refs=("v:x",), **settings):
    with quiet():
        return store.get_historical_features(
            features=list(refs), start_date=start, end_date=end, full_feature_names=True, **settings
        ).to_arrow()


def test_without_an_entity_dataframe(store, tmp_path):
    """As if the keys and times of the sources in the span had been the frame."""
    found = no_frame(store, T0, T0 + timedelta(hours=2))
    assert found.column_names == ["event_timestamp", "user_id", "v__x"]
    assert found["event_timestamp"].to_pylist() == [T0 + timedelta(hours=i) for i in range(3)]
    assert found["v__x"].to_pylist() == [3.0, 3.5, 4.0]
    frame_ = found.select(["event_timestamp", "user_id"]).to_pandas()
    assert ask(store, frame_, ["v:x"])["v__x"].equals(found["v__x"])
    assert no_frame(store, T0, T0 + timedelta(hours=2)).equals(found)
    naive = [moment.replace(tzinfo=None) for moment in (T0, T0 + timedelta(hours=2))]
    assert no_frame(store, *naive).equals(found)
    assert len(no_frame(store, T0 + timedelta(days=9), T0 + timedelta(days=10))) == 0


def test_without_an_entity_dataframe_or_a_start(store):
    """The start is the longest ttl before the end, else 30 days: Feast's own rule."""
    assert len(no_frame(store, None, T0 + timedelta(hours=5))) == 12
    assert len(no_frame(store, None, T0 + timedelta(days=40))) == 0
    assert len(no_frame(store, T0, None)) == 6  # until now


def test_several_views_without_an_entity_dataframe(tmp_path):
    """Each row has its own view's value, and of other views what was known then."""
    for name, hours, key in (("a", (0, 4), "user_id"), ("b", (2,), "user_id"), ("c", (3,), "item_id")):
        times = [T0 + timedelta(hours=h) for h in hours]
        ids = ["i"] * len(times) if key == "item_id" else [1] * len(times)
        table = {key: ids, "x": [h * 10 for h in hours], "event_timestamp": times}
        pq.write_table(pa.table(table), tmp_path / f"{name}.parquet")
    views = [
        view(name, ["item" if name == "c" else "user"], tmp_path / f"{name}.parquet", {"x": Int64})
        for name in "abc"
    ]
    store = open_store(tmp_path, views)
    found = no_frame(store, T0, T0 + timedelta(hours=9), ["a:x", "b:x", "c:x"]).to_pylist()
    rows = [(r["user_id"], r["item_id"], r["a__x"], r["b__x"], r["c__x"]) for r in found]
    assert rows == [
        (1, None, 0, None, None),
        (1, None, 0, 20, None),
        (None, "i", None, None, 30),
        (1, None, 40, 20, None),
    ]


def test_a_span_that_is_none_is_named(store):
    with pytest.raises(DataError, match="is after end_date"):
        no_frame(store, T0, T0 - timedelta(hours=1))
