"""Pushes to the embedded online store: durable, cheap, whole, and seen by every process."""

import threading

import numpy as np
import pyarrow as pa
import pytest
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import FloatList, StringList, Value

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.snapshot import delta
from tests.store.processes import ended, in_child
from tests.store.snapshot_world import DAY, DIM, T0, World, make_ids, table

IDS = make_ids(6)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def delta_of(world):
    folder = world.online._view(world.feast.config, world.view)
    return folder.folder / folder.served().pointer.delta


def push_number(world, ids, number, day=1):
    """By the store itself, all in one batch."""
    values = {
        "vector": Value(float_list_val=FloatList(val=[float(number)] * DIM)),
        "near": Value(string_list_val=StringList(val=["x"])),
        "name": Value(string_val=str(number)),
        "size": Value(int64_val=number),
    }
    keys = [EntityKey(join_keys=["item_id"], entity_values=[Value(int64_val=i)]) for i in ids]
    data = [(key, values, T0 + day * DAY, None) for key in keys]
    world.online.online_write_batch(world.feast.config, world.view, data, None)


def sizes(world, ids):
    return world.read(ids, ["size"]).arrays["size"].tolist()


def test_they_last_until_a_later_snapshot(world, tmp_path):
    world.write(table(IDS[:3], 1))
    world.push(table(IDS[4:5], 2, seed=5))
    world.push(table(IDS[:1], 0, seed=6))  # older than the snapshot's row: passed over
    again = World(tmp_path)
    for reader in (world, again):
        assert reader.read(IDS).found.tolist() == [True, True, True, False, True, False]
        assert reader.read(IDS[:5:4]).arrays["name"].to_pylist() == ["name 0 0", "name 5 0"]
        assert reader.get(IDS[4:5]).to_dict()["name"] == ["name 5 0"]
    world.write(table(IDS[:3], 1))
    assert again.read(IDS[4:5]).found.all(), "a rerun supersedes nothing"
    world.write(table(IDS[:3], 3))
    assert not again.read(IDS[4:5]).found.any()


def test_a_torn_push_is_cut_off_and_a_damaged_one_named(world):
    world.push(table(IDS[:1], 1))
    path = delta_of(world)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:-3])
    assert world.read(IDS).found.sum() == 1
    world.push(table(IDS[1:2], 1))
    assert world.read(IDS).found.sum() == 2
    damaged = bytearray(path.read_bytes())
    damaged[20] ^= 1
    path.write_bytes(bytes(damaged))
    world.online._views.clear()
    with pytest.raises(StoreError, match="is damaged"):
        world.read(IDS)


def test_each_row_is_read_once_by_each_reader(world, monkeypatch, tmp_path):
    again, rows = World(tmp_path), []
    parse = delta.row_from_bytes
    monkeypatch.setattr(delta, "row_from_bytes", lambda data: rows.append(data) or parse(data))
    for number in range(30):
        push_number(world, [number], number)
        assert sizes(again, [number]) == [number]
    assert sizes(world, range(30)) == list(range(30))
    assert len(rows) == 60


def test_superseded_rows_are_compacted(world, monkeypatch, tmp_path):
    monkeypatch.setattr(delta, "_FEW", 8)
    again, paths = World(tmp_path), set()
    world.write(table(IDS))
    generation = world.online._view(world.feast.config, world.view).served().generation
    for number in range(1, 60):
        push_number(world, IDS[: 1 + number % 2], number)
        assert sizes(again, IDS[:2]) == [number, number if number % 2 else number - 1]
        paths.add(delta_of(world).name)
        rows = delta.Delta(delta_of(world))
        rows.refresh()
        assert rows._read <= 2 * 2 + 8 + 2
    assert len(paths) > 3
    assert len(list(delta_of(world).parent.glob("delta-*"))) == 1
    folder = world.online._view(world.feast.config, world.view)
    assert folder.served().generation is generation, "a compaction opens no snapshot again"
    assert world.read(IDS[2:]).arrays["name"].to_pylist() == [f"name 0 {i}" for i in range(2, 6)]


def test_several_processes_push_and_read_at_once(world, monkeypatch):
    """Every push is there in the end, through compactions and a snapshot that comes between."""
    monkeypatch.setattr(delta, "_FEW", 4)
    world.write(table(IDS))

    def work(child):
        for number in range(15):
            push_number(world, [child, 100 + child], number, day=9)
            assert sizes(world, [child, 100 + child]) == [number] * 2

    children = [in_child(lambda child=child: work(child)) for child in range(3)]
    for day in range(1, 4):
        world.write(table(IDS, day, seed=day))
        for child in range(3):
            assert len(set(sizes(world, [child, 100 + child]))) == 1, "half of a push"
    assert [ended(child) for child in children] == [0, 0, 0]
    assert sizes(world, [0, 1, 2, 100, 101, 102]) == [14] * 6
    assert world.read(IDS).arrays["name"].to_pylist() == table(IDS, 3, seed=3)["name"].to_pylist()


def test_a_batch_is_seen_whole_by_threads(world):
    ids, mixed, done = make_ids(40), [], threading.Event()
    push_number(world, ids, 0)

    def look():
        while not done.is_set():
            seen = set(sizes(world, ids))
            if len(seen) != 1:
                mixed.append(seen)

    readers = [threading.Thread(target=look) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(1, 20):
        push_number(world, ids, number)
    done.set()
    for reader in readers:
        reader.join()
    assert not mixed


def test_of_two_rows_of_a_key_in_a_batch_the_later_is_served(world):
    push_number(world, [7, 7], 1, day=2)
    push_number(world, [7], 2, day=1)
    assert sizes(world, [7]) == [1]


def test_a_row_that_lacks_a_new_feature_outlives_an_older_snapshot_that_has_it(world):
    """The feature is null in it: the snapshot's value is of another moment than the row."""
    world.write(table(IDS[:3]))
    world.push(table(IDS[2:3], 9))
    field = world.view.features[-1]
    world.view.features.append(type(field)(name="later", dtype=field.dtype))
    assert feast_read(world, [IDS[0], IDS[2]], ["later", "name"]) == [
        (T0 + day * DAY, {"name": Value(string_val=name)}) for day, name in ((0, "name 0 0"), (9, "name 0 0"))
    ]
    world.write(table(IDS[:3], 1, later=pa.array([5, 6, 7])))
    assert world.read(IDS[:3], ["later"]).arrays["later"].to_pylist() == [5, 6, None]
    assert feast_read(world, IDS[:1], ["later"])[0][1]["later"].int64_val == 5
    world.write(table(IDS[:3], 10, later=pa.array([5, 6, 7])))
    assert world.read(IDS[:3], ["later"]).arrays["later"].tolist() == [5, 6, 7]


def feast_read(world, ids, names):
    keys = [EntityKey(join_keys=["item_id"], entity_values=[Value(int64_val=i)]) for i in ids]
    return world.online.online_read(world.feast.config, world.view, keys, names)


def test_large_ints_beside_missing_and_pushed_rows_are_exact(world):
    big = 2**60 + 1
    for rows in ([], table(IDS[:1], size=pa.array([big]))):
        if len(rows):
            world.write(rows)
        push_number(world, [5], big + 2)
        assert np.array(world.read([5], ["size"]).arrays["size"]).tolist() == [big + 2]
    found = world.read([IDS[0], 6, 5], ["size"])
    assert found.arrays["size"].tolist() == [big, 0, big + 2]
    assert found.found.tolist() == [True, False, True]
