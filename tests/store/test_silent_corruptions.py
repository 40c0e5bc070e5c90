"""What Feast's stock online stores get wrong without a word, refused or healed by each of ours.

One test for each case, named after it, through Feast's own calls: materialize, push, get_online_features.
"""

import shutil
import signal
import time
from datetime import timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from feast import FeatureStore
from feast.monitoring.monitoring_service import MonitoringService
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus

from embedding_features.errors import StoreError
from tests.store.elsewhere import REFUSED, exit_code, start_materialize
from tests.store.snapshot_world import DAY, DIM, T0, make_ids, table

IDS = make_ids(4)
GOOD = [[1.0] * DIM] * 3


@pytest.fixture
def world(make_world):
    """With a good snapshot of day 0 online."""
    world = make_world()
    world.put("a", table(IDS, 0))
    world.materialize()
    return world


def floats(rows):
    return pa.array(rows, pa.list_(pa.float32()))


def names(world):
    return world.get(IDS).to_dict()["name"]


def statuses(response):
    return [list(vector.statuses) for vector in response.proto.results[1:]]


def refused(world, vectors, what):
    """A snapshot and a push with these vectors are errors that say ``what``, and what was online stays."""
    before = world.get(IDS).to_dict()
    bad = table(IDS, 1, seed=1, vector=floats(vectors))
    with pytest.raises(StoreError, match=what):
        world.push(bad)
    world.put("bad", bad)
    with pytest.raises(StoreError, match=what):
        world.materialize()
    assert world.get(IDS).to_dict() == before


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_or_inf_in_a_vector(world, value):
    refused(world, [*GOOD, [1.0, value, 0.0, 0.0]], "has NaN or infinity")


def test_null_inside_a_list(world):
    refused(world, [*GOOD, [1.0, None, 0.0, 0.0]], "has nulls|has NaN")


def test_wrong_dim(world):
    refused(world, [*GOOD, [1.0] * (DIM + 1)], "other lengths than its dim|5 values in")


def test_null_embedding(world):
    refused(world, [*GOOD, None], "has nulls|has null as")


def test_duplicate_id_and_timestamp(make_world):
    world = make_world(created=False)
    world.put("a", pa.concat_tables([table(IDS, 0), table(IDS[1:2], 0, seed=1)]))
    with pytest.raises(StoreError, match=f"id {IDS[1]} is there twice"):
        world.materialize()
    assert names(world) == [None] * 4


def test_missing_entity(world):
    response = world.get([*IDS[:1], 7])
    assert statuses(response) == [[FieldStatus.PRESENT, FieldStatus.NOT_FOUND]] * 3
    assert response.to_dict()["vector"][1] is None
    assert world.read([*IDS[:1], 7]).found.tolist() == [True, False]


def test_ttl_expired(make_world):
    world = make_world(ttl=timedelta(days=1))
    world.put("a", table(IDS, 0))
    world.materialize()
    response = world.get([*IDS[:1], 7])
    assert statuses(response) == [[FieldStatus.OUTSIDE_MAX_AGE, FieldStatus.NOT_FOUND]] * 3
    assert response.to_dict()["vector"] == [None, None]


def test_rematerialize_an_old_window(world):
    world.put("b", table(IDS, 5, seed=1))
    world.materialize()
    with pytest.raises(StoreError, match="newer than"):
        world.materialize(end=1)
    assert names(world) == [f"name 1 {i}" for i in range(4)]


def test_corrected_data_at_the_same_timestamp(world):
    world.put("b", table(IDS, 0, seed=1, created=1))
    world.materialize()
    assert names(world) == [f"name 1 {i}" for i in range(4)]


def test_item_absent_from_the_new_snapshot(world):
    world.put("b", table(IDS[2:], 1, seed=1))
    world.materialize()
    assert names(world) == [None, None, "name 1 0", "name 1 1"]
    assert statuses(world.get(IDS[:1])) == [[FieldStatus.NOT_FOUND]] * 3


def test_killed_half_way(world):
    """Who comes next sees the old, whole; a rerun heals."""
    world.put("b", table(IDS, 1, seed=1))
    assert exit_code(start_materialize(world.feast.config, killed=True)) == -signal.SIGKILL
    fresh = FeatureStore(config=world.feast.config)
    rows = [{"item_id": i} for i in IDS]
    old = [f"name 0 {i}" for i in range(4)]
    assert fresh.get_online_features(["emb:name"], rows).to_dict()["name"] == old
    world.materialize()
    assert names(world) == [f"name 1 {i}" for i in range(4)]


def with_own_registry(config, number):
    """Feast writes a registry file in place: two processes on one would meet it torn, whatever the store."""
    path = Path(config.registry.path)
    own = path.with_name(f"registry{number}.db")
    shutil.copyfile(path, own)
    copy = config.model_copy(deep=True)
    copy.registry.path = str(own)
    return copy


def test_two_materializations_at_once(world):
    """Of two windows the later is served in the end, whole; the other was served before it, or refused."""
    for day in (1, 2):
        world.put(f"b{day}", table(IDS[day:], day, seed=day))
    processes = [start_materialize(with_own_registry(world.feast.config, end), end) for end in (1, 2)]
    assert [exit_code(process) for process in processes] in ([0, 0], [REFUSED, 0])
    assert names(world) == [None, None, "name 2 0", "name 2 1"]


def test_int64_above_2_53_beside_a_missing_row(world):
    frame = world.get([*IDS[:2], 7], ("size",)).to_df()
    assert [int(size) for size in frame["size"][:2]] == [2**60 + 1, 2**60 + 2]
    assert frame["size"].isna().tolist() == [False, False, True]
    assert frame["item_id"].tolist() == [*IDS[:2], 7]
    assert world.read([*IDS[:2], 7], ["size"]).arrays["size"].tolist() == [2**60 + 1, 2**60 + 2, 0]


def test_event_timestamp_in_another_time_zone(make_world, monkeypatch):
    """One moment is one moment, whatever zone it is written in and read in."""
    world = make_world()
    there = pa.array([T0.astimezone(timezone(timedelta(hours=-7)))] * 4, pa.timestamp("us", tz="-07:00"))
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        world.put("a", table(IDS, 0, event_timestamp=there))
        world.materialize()
        pushed = table(IDS[:1], 1).to_pandas()
        pushed["event_timestamp"] = pd.to_datetime(pushed["event_timestamp"]).dt.tz_convert("Asia/Tokyo")
        world.feast.write_to_online_store("emb", pushed)
        monkeypatch.setenv("TZ", "America/Lima")
        time.tzset()
        seconds = world.get(IDS[:2]).to_dict(include_event_timestamps=True)["name__ts"]
        assert seconds == [int((T0 + DAY).timestamp()), int(T0.timestamp())]
        assert world.read(IDS[:2]).event.tolist() == [s * 1_000_000 for s in seconds]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_feast_monitor_on_a_vector_feature(make_world, caplog):
    """It says why it does not, and measures the scalars beside it."""
    world = make_world(offline="embedding_features.store.offline.EmbeddingOfflineStore")
    world.put("a", table(IDS, 0))
    monitor = MonitoringService(world.feast)
    monitor.compute_baseline(project="w", feature_view_name="emb", feature_names=["vector"])
    assert "feast monitor cannot measure lists: vector of" in caplog.text
    monitor.compute_baseline(project="w", feature_view_name="emb", feature_names=["name"])
    found = {one["feature_name"]: one["row_count"] for one in monitor.get_feature_metrics(project="w")}
    assert found == {"name": 5}
