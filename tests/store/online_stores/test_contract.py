"""Feast's contract with an online store, kept by each of ours."""

import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from feast import Entity, FeatureView, Field, PushSource, ValueType
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import FloatList, Value
from feast.types import Array, Float32
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedding_features.errors import StoreError
from embedding_features.store.marks import marks
from tests.store.snapshot_world import DAY, DIM, T0, make_ids, table

ID_TYPES = pytest.mark.parametrize("id_type", ["int64", "string"])


def entity_key(*ids, names=("item_id",)):
    values = [Value(int64_val=i) if isinstance(i, int) else Value(string_val=i) for i in ids]
    return EntityKey(join_keys=names, entity_values=values)


def row_of(number):
    """Values of the view's features that say which row they are."""
    vector = Value(float_list_val=FloatList(val=[float(number)] * DIM))
    near = Value()
    near.string_list_val.val.extend([str(number)])
    return {
        "vector": vector,
        "near": near,
        "name": Value(string_val=str(number)),
        "size": Value(int64_val=number),
    }


def statuses(response, feature="name"):
    names = list(response.proto.metadata.feature_names.val)
    return list(response.proto.results[names.index(feature)].statuses)


@ID_TYPES
def test_write_read_update_teardown(make_world, id_type):
    world, ids = make_world(id_type=id_type), make_ids(3, id_type)
    store, config, view = world.online, world.feast.config, world.view
    done = []
    data = [(entity_key(key), row_of(i), T0 + i * DAY, None) for i, key in enumerate(ids[:2])]
    store.online_write_batch(config, view, data, done.append)
    assert done == [2]
    found = store.online_read(config, view, [entity_key(key) for key in reversed(ids)], ["name", "vector"])
    assert found[0] == (None, None)
    for i, (event, values) in enumerate(found[:0:-1]):
        assert event == T0 + i * DAY
        assert values == {name: row_of(i)[name] for name in ("name", "vector")}
    assert set(store.online_read(config, view, [entity_key(ids[0])])[0][1]) == {f.name for f in view.features}
    store.update(config, [], [view], [], [], partial=True)
    assert store.online_read(config, view, [entity_key(ids[0])])[0][0] == T0, "update keeps what is there"
    store.update(config, [view], [], [], [], partial=True)
    with pytest.raises(StoreError, match="run feast apply, then materialize"):
        store.online_read(config, view, [entity_key(ids[0])])
    store.update(config, [], [view], [], [], partial=True)
    assert store.online_read(config, view, [entity_key(ids[0])]) == [(None, None)]
    store.teardown(config, [view], [])
    assert store.describe(config, view) is None


def test_joint_keys_by_rows(make_world):
    world, names = make_world(), ("item_id", "user_id")
    store, config, view = world.online, world.feast.config, world.view
    keys = [entity_key(1, "a", names=names), entity_key(1, "b", names=names)]
    store.online_write_batch(config, view, [(key, row_of(i), T0, None) for i, key in enumerate(keys)], None)
    swapped = entity_key("b", 1, names=names[::-1])
    found = store.online_read(config, view, [swapped, entity_key(2, "a", names=names)], ["size"])
    assert found == [(T0, {"size": Value(int64_val=1)}), (None, None)]


def test_projects_do_not_touch_each_other(make_world):
    one, other, ids = make_world("one"), make_world("other"), make_ids(3)
    one.write(table(ids))
    other.write(table(ids, seed=1))
    one.online.teardown(one.feast.config, [one.view], [])
    assert other.read(ids).arrays["name"].to_pylist() == ["name 1 0", "name 1 1", "name 1 2"]
    with pytest.raises(StoreError, match="nothing is online"):
        one.read(ids)


def test_versions_are_read_apart(make_world):
    world, ids = make_world(versions=True), make_ids(4)
    world.put("a", table(ids, 0))
    world.materialize()
    world.view.features[0].tags["run_id"] = "second"
    world.feast.apply([world.view])
    world.put("b", table(ids[1:], 1, seed=1))
    world.feast.materialize(T0 - DAY, T0 + 2 * DAY, ["emb"], version="v1")
    rows = [{"item_id": i} for i in ids]
    for version, names in (("v0", ["name 0 0", "name 0 1"]), ("v1", [None, "name 1 0"])):
        got = world.feast.get_online_features([f"emb@{version}:name", f"emb@{version}:vector"], rows)
        assert got.to_dict()["name"][:2] == names
    store, config = world.online, world.feast.config
    store.update(config, [world.view], [], [], [], partial=True)
    for view in (world.view, world.feast.get_feature_view("emb")):
        assert store.describe(config, view) is None, "a deleted view goes with all its versions"


@pytest.fixture
def cold(make_world):
    """A world with a view whose rows may be pushed."""
    world = make_world()
    push = PushSource(name="new_items", batch_source=world.view.batch_source)
    view = FeatureView(
        name="cold",
        entities=[Entity(name="item", join_keys=["item_id"], value_type=ValueType.INT64)],
        schema=[Field(name="vector", dtype=Array(Float32), tags=marks({"kind": "vector", "dim": str(DIM)}))],
        source=push,
        ttl=None,
        tags=marks({"space": "s1"}),
    )
    world.feast.apply([push, view])
    return world


def test_pushed_rows_come_online_until_a_later_snapshot(cold):
    """Through Feast's push API: a new item is served at once, and the next snapshot decides."""
    ids = make_ids(5)
    cold.put("a", table(ids[:3], 1))
    cold.feast.materialize(T0 - DAY, T0 + 2 * DAY, ["cold"])
    pushed = table(ids[4:], 2, seed=9)
    cold.feast.push(
        "new_items", pushed.select(["item_id", "vector", "event_timestamp", "created"]).to_pandas()
    )

    def served():
        rows = [{"item_id": i} for i in ids]
        return cold.feast.get_online_features(["cold:vector"], rows).to_dict()["vector"]

    assert [v is None for v in served()] == [False, False, False, True, False]
    assert served()[4] == pushed["vector"].to_pylist()[0]
    cold.put("b", table(ids[:4], 3, seed=2))
    cold.feast.materialize(T0 - DAY, T0 + 4 * DAY, ["cold"])
    assert [v is None for v in served()] == [False, False, False, False, True]


def test_a_push_older_than_the_snapshot_is_passed_over_and_a_newer_one_outlives_it(make_world):
    world, ids = make_world(), make_ids(3)
    world.write(table(ids[:2], 5))
    world.push(table(ids[:1], 4, seed=1))
    world.push(table(ids[1:2], 5, seed=2, created=1))
    world.push(table(ids[2:], 9, seed=3))
    assert world.read(ids).arrays["name"].to_pylist() == ["name 0 0", "name 2 0", "name 3 0"]
    assert world.online.describe(world.feast.config, world.view).pushed == 2
    world.write(table(ids[:2], 7, seed=4))
    assert world.read(ids).arrays["name"].to_pylist() == ["name 4 0", "name 4 1", "name 3 0"]
    world.write(table(ids[:2], 7, seed=4))  # a rerun supersedes nothing
    assert world.read(ids).arrays["name"].to_pylist() == ["name 4 0", "name 4 1", "name 3 0"]
    online = world.online.describe(world.feast.config, world.view)
    assert (online.entities, online.pushed) == (2, 1)


@ID_TYPES
def test_the_array_path_equals_get_online_features(make_world, id_type):
    world, ids = make_world(id_type=id_type, ttl=None), make_ids(40, id_type)
    world.put("a", table(ids[:30], 3))
    world.materialize()
    world.push(table(ids[29:32], 4, seed=1))
    asked = [ids[i] for i in np.random.default_rng(0).integers(0, 40, 60)]
    rows, response = world.read(asked), world.get(asked, ("vector", "near", "name", "size"))
    frame = response.to_dict()
    assert [s == FieldStatus.PRESENT for s in statuses(response)] == rows.found.tolist()
    assert 0 < rows.found.sum() < 60
    for name, values in rows.arrays.items():
        for place, found in enumerate(rows.found):
            if found:
                assert values[place].tolist() == frame[name][place] if isinstance(values, np.ndarray) else (
                    values[place].as_py() == frame[name][place]
                )  # fmt: skip
            else:
                assert frame[name][place] is None


def test_statuses_are_true_to_ttl(make_world):
    world, ids = make_world(ttl=timedelta(days=2)), make_ids(4)
    now = (datetime.now(UTC) - T0) / DAY
    world.write(table(ids[:2], now - 3))
    world.push(table(ids[1:3], now - 1, seed=1))
    expected = [
        FieldStatus.OUTSIDE_MAX_AGE,
        FieldStatus.PRESENT,
        FieldStatus.PRESENT,
        FieldStatus.NOT_FOUND,
    ]
    assert statuses(world.get(ids)) == expected
    rows = world.read(ids)
    assert rows.expired.tolist() == [True, False, False, False]
    assert rows.found.tolist() == [False, True, True, False]
    assert rows.arrays["name"].to_pylist() == [None, "name 1 0", "name 1 1", None]


def test_no_ids_and_no_rows(make_world):
    world = make_world()
    assert world.read([]).found.tolist() == []
    with pytest.raises(StoreError, match="0 moments"):
        world.write(table([]).cast(table(make_ids(1)).schema))


class Model:
    """What an online store is, as plain dicts."""

    def __init__(self):
        self.stamp, self.snapshot, self.pushed = None, {}, {}

    def write(self, stamp, rows):
        if self.stamp is not None and stamp < self.stamp:
            return False
        kept = {k: v for k, v in self.pushed.items() if stamp == self.stamp or v[0] > stamp}
        self.stamp, self.snapshot, self.pushed = stamp, rows, kept
        return True

    def push(self, key, stamp, number):
        found = self.stamp if key in self.snapshot else None
        served = self.pushed[key][0] if key in self.pushed else found
        if served is None or stamp >= served:
            self.pushed[key] = (stamp, number)

    def read(self, key):
        """(event day, number), or None."""
        if key in self.pushed:
            stamp, number = self.pushed[key]
            return stamp[0], number
        return (self.stamp[0], self.snapshot[key]) if key in self.snapshot else None


STAMPS = st.tuples(st.integers(0, 4), st.integers(0, 2))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("snapshot"), STAMPS, st.sets(st.integers(0, 5), min_size=1)),
        st.tuples(st.just("push"), STAMPS, st.lists(st.integers(0, 5), min_size=1, max_size=3)),
    ),
    min_size=1,
    max_size=7,
)


@ID_TYPES
def test_any_sequence_of_writes_answers_like_a_dict(make_world, id_type):
    """Snapshots, older snapshots, the same again, pushes, ttl: what is read is what dicts would give."""
    world, ids = make_world(id_type=id_type), make_ids(6, id_type)
    start = int(time.time()) // 86400 * 86400 - 5 * 86400

    def moment(day):
        return datetime.fromtimestamp(start, UTC) + day * DAY

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STEPS, st.sampled_from([None, timedelta(days=3)]))
    def check(steps, ttl):
        store, config, view = world.online, world.feast.config, world.view
        view.ttl = ttl
        store.update(config, [view], [], [], [], partial=True)
        store.update(config, [], [view], [], [], partial=True)
        model, numbers = Model(), iter(range(1000))
        for what, (day, created), which in steps:
            times = moment(day), moment(day) + timedelta(hours=created)
            if what == "push":
                for i in which:
                    number = next(numbers)
                    row = (entity_key(ids[i]), row_of(number), *times)
                    store.online_write_batch(config, view, [row], None)
                    model.push(i, (day, created), number)
                continue
            rows = {i: next(numbers) for i in which}
            if model.write((day, created), rows):
                world.write(numbered(ids, rows, *times))
            else:
                with pytest.raises(StoreError, match="newer than"):
                    world.write(numbered(ids, rows, *times))
        answer = world.read(ids)
        for i, key in enumerate(ids):
            expected = model.read(i)
            old = expected is not None and ttl is not None and moment(expected[0]) < datetime.now(UTC) - ttl
            assert answer.expired[i] == old
            assert answer.found[i] == (expected is not None and not old)
            if answer.found[i]:
                assert (
                    answer.arrays["size"][i] == expected[1] or answer.arrays["size"][i].as_py() == expected[1]
                )
            event, values = store.online_read(config, view, [entity_key(key)], ["size"])[0]
            assert event == (None if expected is None else moment(expected[0]))
            assert (values is not None) == answer.found[i]
            if values:
                assert values["size"].int64_val == expected[1]

    check()


def numbered(ids, rows, event, created):
    """A snapshot of rows that say their number."""
    us, count = pa.timestamp("us", tz="UTC"), len(rows)
    return pa.table(
        {
            "item_id": pa.array([ids[i] for i in rows]),
            "vector": pa.array([[float(n)] * DIM for n in rows.values()], pa.list_(pa.float32())),
            "near": pa.array([[str(n)] for n in rows.values()], pa.list_(pa.string())),
            "name": pa.array([str(n) for n in rows.values()]),
            "size": pa.array(list(rows.values()), pa.int64()),
            "event_timestamp": pa.array([event] * count, us),
            "created": pa.array([created] * count, us),
        }
    )
