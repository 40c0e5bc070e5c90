"""What may be asked of the offline store, and in which shapes: names, zones, frames, transformations."""

from datetime import timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast import FeatureService, Field, FileSource
from feast.infra.offline_stores.file_source import SavedDatasetFileStorage
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Array, Float32, Float64, Int64

from embedding_features.errors import DataError, StoreError
from embedding_features.store.offline.joins import is_local_parquet, join_of
from tests.store.offline_world import T0, ask, ask_stock, open_store, quiet, stamps, view

VECTOR = Array(Float32)
FIXED = pa.list_(pa.float32(), 2)


@pytest.fixture
def source(tmp_path):
    """User 1 at 0 s, corrected later, and at 10 s; user 2 at 5 s. The vector tells which row it is."""
    table = pa.table(
        {
            "user_id": [1, 1, 1, 2],
            "vector": pa.array([[0, 0], [0, 1], [10, 0], [5, 0]], FIXED),
            "at": stamps([0, 0, 10, 5]),
            "made": stamps([1, 7, 30, 5]),
        }
    )
    pq.write_table(table, tmp_path / "v.parquet")
    return tmp_path / "v.parquet"


@pytest.fixture
def store(tmp_path, source):
    return open_store(tmp_path, [view("v", ["user"], source, {"vector": VECTOR}, "at", "made")])


def frame(*rows):
    users, seconds = zip(*rows, strict=True)
    times = [T0 + timedelta(seconds=s) for s in seconds]
    return pd.DataFrame({"user_id": users, "event_timestamp": times, "row": range(len(rows))})


def vectors(table, name="v__vector"):
    return table[name].to_pylist()


def test_by_hand(store):
    """Order of the frame, repeated rows, nothing before the first, the newest correction."""
    found = ask(store, frame((2, 5), (1, 12), (1, 9), (2, 4.999999), (3, 9), (1, 12)), ["v:vector"])
    assert vectors(found) == [[5, 0], [10, 0], [0, 1], None, None, [10, 0]]
    assert found["v__vector"].type == FIXED
    assert found["row"].to_pylist() == list(range(6))


def test_leak_guard_by_hand(store):
    """What was created too late is not seen: the row before is."""
    rows = frame((1, 0), (1, 1), (1, 6), (1, 7), (1, 29), (1, 30))
    found = ask(store, rows, ["v:vector"], guard=True)
    assert vectors(found) == [None, [0, 0], [0, 0], [0, 1], [0, 1], [10, 0]]


def test_ttl_to_the_microsecond(tmp_path, source):
    """Also of units that Feast's store refuses to mix."""
    ttl = timedelta(seconds=3, microseconds=7)
    store = open_store(tmp_path, [view("v", ["user"], source, {"vector": VECTOR}, "at", "made", ttl)])
    found = ask(store, frame((2, 8.000007), (2, 8.000008), (1, 13)), ["v:vector"])
    assert vectors(found) == [[5, 0], None, [10, 0]]


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f,
        lambda f: f.assign(event_timestamp=f.event_timestamp.dt.tz_localize(None)),
        lambda f: f.assign(event_timestamp=f.event_timestamp.dt.tz_convert("Asia/Tokyo")),
        lambda f: f.assign(event_timestamp=f.event_timestamp.astype(str)),
        lambda f: f.assign(event_timestamp=f.event_timestamp.astype("datetime64[s, UTC]")),
        lambda f: f.assign(event_timestamp=f.event_timestamp.where(f.row != 1)),
        lambda f: f.rename(columns={"event_timestamp": "seen"}),
        lambda f: f.assign(user_id=f.user_id.astype("int32")),
        lambda f: f.assign(user_id=f.user_id.where(f.row != 1)),
        lambda f: f.set_index(pd.Index([7, 7, 8])),
    ],
    ids=["plain", "naive", "tokyo", "text", "seconds", "null", "other", "int32", "float", "index"],
)
@pytest.mark.parametrize("aware", [True, False])
def test_frames_are_read_as_feast_reads_them(tmp_path, source, change, aware):
    views = [view("v", ["user"], source, {"vector": VECTOR}, "at", "made")]
    store = open_store(tmp_path, views, coerce_tz_aware=aware)
    rows = change(frame((1, 9), (2, 9), (2, 4)))
    before = rows.copy()
    wanted = ask_stock(store, rows, ["v:vector"]).sort_by("row")
    found = ask(store, rows, ["v:vector"])
    assert vectors(found) == vectors(wanted)
    assert found["v__vector"].null_count < 3
    assert found.column_names == wanted.column_names
    times = [n for n in found.column_names if pa.types.is_timestamp(found[n].type)]
    assert [found[n].to_pylist() for n in times] == [wanted[n].to_pylist() for n in times]
    pd.testing.assert_frame_equal(rows, before)


def test_arrow_frames(store):
    table = pa.Table.from_pandas(frame((1, 9), (2, 9)), preserve_index=False)
    categories = table.set_column(0, "user_id", table["user_id"].dictionary_encode())
    for alike in (table, categories, table.slice(0, 0)):
        found = ask(store, alike, ["v:vector"])
        assert vectors(found) == [[0, 1], [5, 0]][: len(alike)]
        assert found.drop_columns("v__vector") == alike


def test_names(store, tmp_path, source):
    """Short and full names, a field mapping, two roles of one view in a service."""
    rows = frame((1, 9), (2, 9)).assign(friend_id=[2, 1])
    assert vectors(ask(store, rows, ["v:vector"], full=False), "vector") == [[0, 1], [5, 0]]
    mapped = view(
        "m", ["user"], source, {"emb": VECTOR}, "when", "made", mapping={"vector": "emb", "at": "when"}
    )
    roles = FeatureService(
        name="roles",
        features=[
            mapped.with_name("me"),
            mapped.with_name("friend").with_join_key_map({"user_id": "friend_id"}),
        ],
    )
    store = open_store(tmp_path, [mapped, roles])
    with quiet():
        job = store.get_historical_features(rows, roles, full_feature_names=True)
        found = job.to_arrow()
    assert vectors(found, "me__emb") == [[0, 1], [5, 0]]
    assert vectors(found, "friend__emb") == [[5, 0], [0, 1]]
    assert sorted(job.metadata.keys) == ["friend_id", "row", "user_id"]
    assert job.metadata.max_event_timestamp == T0 + timedelta(seconds=9)


def test_on_demand_views(tmp_path, source):
    base = view("v", ["user"], source, {"vector": VECTOR}, "at", "made")

    @on_demand_feature_view(sources=[base], schema=[Field(name="first", dtype=Float64)], mode="pandas")
    def heads(inputs: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"first": [float("nan") if v is None else float(v[0]) for v in inputs["vector"]]})

    store = open_store(tmp_path, [base, heads])
    rows = frame((1, 12), (3, 12), (2, 12))
    found = ask(store, rows, ["heads:first"], full=False)
    assert found["first"].to_pandas().fillna(-1).tolist() == [10, -1, 5]


def test_results_as_pandas_and_as_a_saved_dataset(store, tmp_path):
    with quiet():
        job = store.get_historical_features(frame((1, 9), (2, 9)), ["v:vector"])
        assert [list(v) for v in job.to_df()["vector"]] == [[0, 1], [5, 0]]
        job.persist(SavedDatasetFileStorage(str(tmp_path / "saved.parquet")))
    assert pq.read_table(tmp_path / "saved.parquet")["vector"].to_pylist() == [[0, 1], [5, 0]]
    assert not job.supports_remote_storage_export()


def test_odd_strings_and_ragged_lists_pass_as_they_are(tmp_path):
    values = pa.array([[1.0], [], None, [2.0, None]], pa.list_(pa.float32()))
    table = pa.table({"item_id": ["a", "'; --", 'é"', ""], "vector": values, "at": stamps([0, 0, 0, 0])})
    pq.write_table(table, tmp_path / "v.parquet")
    store = open_store(tmp_path, [view("v", ["item"], tmp_path / "v.parquet", {"vector": VECTOR}, "at")])
    rows = pd.DataFrame({"item_id": ["", 'é"', "'; --", "a", "b"], "event_timestamp": [T0] * 5})
    assert vectors(ask(store, rows, ["v:vector"])) == [[2.0, None], None, [], [1.0], None]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda f: "SELECT 1", DataError, "of type str"),
        (lambda f: f.drop(columns="user_id"), DataError, "needs column user_id"),
        (lambda f: f.assign(user_id=f.user_id.astype(str)), DataError, "user_id is .*string"),
        (lambda f: f.rename(columns={"event_timestamp": "a"}).assign(b=T0), DataError, "2 timestamp columns"),
        (lambda f: f.assign(event_timestamp=1), DataError, "event_timestamp is int64"),
        (lambda f: f.assign(v__vector=1), DataError, "a column v__vector, which is there"),
    ],
)
def test_a_bad_frame_is_named(store, change, error, message):
    with pytest.raises(error, match=message):
        ask(store, change(frame((1, 9))), ["v:vector"])


def test_a_bad_source_is_named(tmp_path, source, store):
    lost = open_store(tmp_path, [view("w", ["user"], source, {"gone": Int64}, "at")])
    with pytest.raises(DataError, match="needs column gone"):
        ask(lost, frame((1, 9)), ["w:gone"])
    source.write_bytes(b"PAR1 but not really PAR1")
    with pytest.raises(StoreError, match=r"view v failed|v\.parquet"):
        ask(store, frame((1, 9)), ["v:vector"])
    source.unlink()
    with pytest.raises(StoreError, match="no file matches"):
        ask(store, frame((1, 9)), ["v:vector"])


def test_only_local_parquet_is_ours(source):
    mine = view("v", ["user"], source, {"vector": VECTOR}, "at")
    assert is_local_parquet(mine)
    for path in ("s3://bucket/v.parquet", "folder"):
        mine.batch_source = FileSource(path=path, timestamp_field="at")
        assert not is_local_parquet(mine)


def test_a_guard_without_created_times_changes_nothing(source):
    mine = view("v", ["user"], source, {"vector": VECTOR}, "at")
    assert not join_of(mine, ["v:vector"], full_feature_names=False, guarded=True).guarded
