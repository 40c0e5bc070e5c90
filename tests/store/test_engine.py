"""The columnar engine: one snapshot online in one step, and Feast's own way for everything else."""

import resource
import sys
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Array, Float32, Int64, String

from embedding_features.errors import StoreError
from embedding_features.store.marks import marks
from tests.store.elsewhere import exit_code, start
from tests.store.snapshot_world import DAY, T0, World, make_ids, table


def test_the_newest_snapshot_of_the_window_comes_online(tmp_path):
    world, ids = World(tmp_path), make_ids(10)
    world.put("a", table(ids, 0))
    newest = table(ids[3:], 2, seed=4)
    world.put("b", newest)
    world.materialize()
    rows = world.read(ids[3:])
    assert rows.arrays["vector"].tolist() == newest["vector"].to_pylist()
    assert rows.arrays["near"].to_pylist() == newest["near"].to_pylist()
    assert not world.read(ids[:3]).found.any()
    assert (rows.event == int((T0 + 2 * DAY).timestamp() * 1e6)).all()


def test_an_empty_window_changes_nothing(tmp_path):
    world, ids = World(tmp_path), make_ids(3)
    world.put("a", table(ids, 0))
    world.materialize()
    world.materialize(start=50, end=60)
    assert world.read(ids).found.all()


def test_a_wrong_row_count_is_refused(tmp_path):
    world = World(tmp_path)
    with pytest.raises(StoreError, match="7 rows were announced, 3 came"):
        world.write(table(make_ids(3)), rows=7)
    assert not world.read(make_ids(3)).found.any()


def test_two_at_once_wait_for_each_other(tmp_path):
    worlds, ids = [World(tmp_path) for _ in range(2)], make_ids(500)
    tables = [table(ids, 1, seed=s) for s in range(2)]
    threads = [threading.Thread(target=w.write, args=[t]) for w, t in zip(worlds, tables, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = worlds[0].read(ids).arrays["vector"].tolist()
    assert seen in [t["vector"].to_pylist() for t in tables]


def test_a_view_without_the_tag_goes_feasts_way(tmp_path):
    """Rows of several moments stay: an ordinary view is no snapshot."""
    world, ids = World(tmp_path), make_ids(6)
    world.view.tags = {}
    world.feast.apply([world.view])
    world.put("a", table(ids[:3], 0))
    world.put("b", table(ids[3:], 2))
    world.materialize()
    assert world.read(ids).found.all()


def test_a_view_without_a_created_column(tmp_path):
    world, ids = World(tmp_path, created=False), make_ids(6)
    world.put("a", table(ids, 0))
    world.materialize()
    assert world.read(ids).found.all()
    world.put("a", table(ids, 0, seed=1))
    world.materialize()
    assert world.read(ids[:1]).arrays["name"].to_pylist() == ["name 1 0"], "a rerun brings corrections"
    world.put("b", table(ids[:1], 0, seed=2))
    with pytest.raises(StoreError, match="is there twice"):
        world.materialize()


def test_a_source_that_names_its_columns_otherwise(tmp_path):
    world, ids = World(tmp_path), make_ids(6)
    rows = table(ids, 1).rename_columns({"item_id": "iid", "vector": "v", "event_timestamp": "ts"})
    (tmp_path / "mapped").mkdir()
    pq.write_table(rows, tmp_path / "mapped" / "a.parquet")
    source = FileSource(
        name="mapped",
        path=str(tmp_path / "mapped" / "*.parquet"),
        timestamp_field="event_timestamp",
        created_timestamp_column="created",
        field_mapping={"iid": "item_id", "v": "vector", "ts": "event_timestamp"},
    )
    view = FeatureView(
        name="mapped",
        entities=[Entity(name="item", join_keys=["item_id"], value_type=ValueType.INT64)],
        schema=[Field(name="vector", dtype=Array(Float32)), Field(name="size", dtype=Int64)],
        source=source,
        ttl=None,
        tags=marks({"space": "s1"}),
    )
    world.feast.apply([view])
    world.feast.materialize(T0 - DAY, T0 + 2 * DAY, ["mapped"])
    found = world.online.read_arrays(world.feast.config, world.feast.get_feature_view("mapped"), ids)
    assert found.arrays["vector"].tolist() == rows["v"].to_pylist()
    answer = world.feast.get_online_features(["mapped:size"], [{"item_id": i} for i in ids]).to_dict()
    assert answer["size"] == rows["size"].to_pylist()


def test_joint_keys_go_feasts_way(tmp_path):
    world = World(tmp_path)
    rows = table(make_ids(4), 1).append_column("user_id", pa.array(["a", "b", "a", "é"]))
    (tmp_path / "joint").mkdir()
    pq.write_table(rows, tmp_path / "joint" / "a.parquet")
    entities = [
        Entity(name="item", join_keys=["item_id"], value_type=ValueType.INT64),
        Entity(name="user", join_keys=["user_id"], value_type=ValueType.STRING),
    ]
    view = FeatureView(
        name="joint",
        entities=entities,
        schema=[Field(name="vector", dtype=Array(Float32)), Field(name="name", dtype=String)],
        source=FileSource(path=str(tmp_path / "joint" / "*.parquet"), timestamp_field="event_timestamp"),
        ttl=None,
        tags=marks({"space": "s1"}),
    )
    world.feast.apply([*entities, view])
    world.feast.materialize(T0 - DAY, T0 + 2 * DAY, ["joint"])
    asked = [{"item_id": i, "user_id": u} for i, u in zip(make_ids(4), ["a", "b", "b", "é"], strict=True)]
    answer = world.feast.get_online_features(["joint:vector", "joint:name"], asked).to_dict()
    assert answer["name"] == ["name 0 0", "name 0 1", None, "name 0 3"]
    assert answer["vector"][3] == rows["vector"].to_pylist()[3]
    with pytest.raises(StoreError, match="write views of one entity by rows"):
        world.online.write_table(world.feast.config, view, rows)


def test_a_snapshot_is_streamed_in_bounded_memory(tmp_path):
    """300,000 × 64 floats are 77 MB; the process grows by the index, and by what is on its way."""
    world, n, width = World(tmp_path), 300_000, 64
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(np.ones(n * width, np.float32)), width)
    times = pa.array([T0] * n, pa.timestamp("us", tz="UTC"))
    rows = pa.table({"item_id": np.arange(n), "vector": vectors, "event_timestamp": times, "created": times})
    (tmp_path / "big").mkdir()
    pq.write_table(rows, tmp_path / "big" / "a.parquet", row_group_size=8192, compression="none")
    del rows, vectors
    item = Entity(name="item", join_keys=["item_id"], value_type=ValueType.INT64)
    view = FeatureView(
        name="big",
        entities=[item],
        schema=[
            Field(name="vector", dtype=Array(Float32), tags=marks({"kind": "vector", "dim": str(width)}))
        ],
        source=FileSource(path=str(tmp_path / "big" / "*.parquet"), timestamp_field="event_timestamp"),
        ttl=None,
        tags=marks({"space": "s1"}),
    )
    world.feast.apply([view])
    world.put("a", table(make_ids(3), 0))
    assert exit_code(start(_materialize_within, world.feast.config, 70)) == 0
    online = world.online.describe(world.feast.config, world.feast.get_feature_view("big"))
    assert online.entities == n


def _materialize_within(config, megabytes):
    """Exit with an error when this process grows by more, after a first materialization."""
    store = FeatureStore(config=config)
    store.materialize(T0 - DAY, T0 + DAY, ["emb"])
    before = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    store.materialize(T0 - DAY, T0 + DAY, ["big"])
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before) / 1e6
    if grown > megabytes:
        sys.exit(f"grown by {grown:.0f} MB")
