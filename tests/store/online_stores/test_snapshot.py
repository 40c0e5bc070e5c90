"""The embedded online store: what only it does; what all do is in test_online_contract.py."""

import gc
import threading
import time

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.errors import DataError, StoreError
from embedding_features.store.online_stores.snapshot.generation import Generation
from tests.store.snapshot_world import DIM, World, make_ids, table

IDS = make_ids(6)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def floats(rows, kind=None):
    return pa.array(rows, kind or pa.list_(pa.float32()))


def statuses(response):
    return [list(vector.statuses) for vector in response.proto.results]


@pytest.mark.parametrize("id_type", ["int64", "string"])
def test_duplicates_without_created_order_are_refused(tmp_path, id_type):
    world, ids = World(tmp_path, id_type), make_ids(3, id_type)
    twice = table([*ids, ids[1]])
    with pytest.raises(StoreError, match="is there twice"):
        world.write(twice)
    later = pa.concat_tables([table(ids), table(ids[1:2], seed=9, created=1)])
    assert world.write(later) == 3
    assert world.read(ids).arrays["name"].to_pylist() == ["name 0 0", "name 9 0", "name 0 2"]


def test_a_reader_stays_whole_across_a_swap(world):
    """Readers beside a writer see the vectors of one snapshot only, and never an empty one."""
    ids, mixed, done = make_ids(200), [], threading.Event()
    same = [[float(1)] * DIM] * 200
    world.write(table(ids, 0, vector=floats(same)))

    def look():
        while not done.is_set():
            seen = world.read(ids)
            if not seen.found.all() or len(np.unique(seen.arrays["vector"])) != 1:
                mixed.append(seen)

    reader = threading.Thread(target=look)
    reader.start()
    for day in range(1, 8):
        world.write(table(ids, day, vector=floats([[float(day)] * DIM] * 200)))
    done.set()
    reader.join()
    assert not mixed
    assert (world.read(ids).arrays["vector"] == 7).all()


def test_many_threads_open_at_once(world):
    """Whatever the interpreter lets in between: here every few allocations another thread runs."""
    world.write(table(IDS))
    folder, failed = world.online._view(world.feast.config, world.view), []
    path = folder.folder / folder.served().pointer.generation

    def open_often():
        try:
            for _ in range(10):
                assert Generation(path).entities == len(IDS)
        except BaseException as error:
            failed.append(error)

    def let_others_run(*_):
        time.sleep(0)

    threads, before = [threading.Thread(target=open_often) for _ in range(8)], gc.get_threshold()
    gc.freeze()
    gc.callbacks.append(let_others_run)
    gc.set_threshold(1)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(let_others_run)
        gc.unfreeze()
    assert not failed


@pytest.mark.parametrize("id_type", ["int64", "string"])
def test_answers_equal_those_of_feasts_sqlite(tmp_path, id_type):
    ours, stock = World(tmp_path / "a", id_type), World(tmp_path / "b", id_type, ours=False)
    ids = make_ids(60, id_type)
    asked = [ids[i] for i in np.random.default_rng(0).integers(0, 60, 80)]
    for world in (ours, stock):
        world.put("a", table(ids[:50], 3))
        world.materialize()
    assert ours.get(asked).to_dict() == stock.get(asked).to_dict()
    assert statuses(ours.get(asked)) == statuses(stock.get(asked))
    found = ours.read(asked)
    expected = stock.get(asked).to_dict()["vector"]
    assert [
        v if ok else None for v, ok in zip(found.arrays["vector"].tolist(), found.found, strict=True)
    ] == (expected)


def test_update_and_teardown(world):
    config, root = world.feast.config, world.online._view(world.feast.config, world.view).folder.parents[1]
    world.write(table(IDS))
    held = world.read(IDS)
    world.online.update(config, [world.view], [], [], [], False)
    with pytest.raises(StoreError, match="run feast apply"):
        world.read(IDS)
    assert held.arrays["vector"].tolist() == table(IDS)["vector"].to_pylist()
    world.online.update(config, [], [world.view], [], [], False)
    assert not world.read(IDS).found.any()
    world.online.teardown(config, [world.view], [])
    assert not root.exists()
    world.online.teardown(config, [world.view], [])


def test_a_refused_snapshot_leaves_no_files(world):
    folder = world.online._view(world.feast.config, world.view).folder
    before = sorted(folder.iterdir())
    with pytest.raises(StoreError, match="NaN"):
        world.write(table(IDS, 1, vector=floats([[1.0] * DIM] * 5 + [[float("nan")] * DIM])))
    assert not list((folder / ".staging").iterdir())
    assert [path for path in sorted(folder.iterdir()) if path.name[:2] not in (".s", ".m")] == before


def test_switches_are_seen_though_inodes_are_used_again(world):
    """A reader tells one pointer from another by its inode, which it keeps from being given away."""
    folder = world.online._view(world.feast.config, world.view)
    folder.create()
    for day in range(12):
        world.write(table(IDS, day, seed=day))
        held = folder.served()
        assert held.inode == (folder.folder / "current.json").stat().st_ino
        assert world.read(IDS[:1]).arrays["name"].to_pylist() == [f"name {day} 0"]


def test_tensors_share_the_arrays_memory(world):
    world.write(table(IDS))
    rows = world.read(IDS)
    tensor = rows.tensor("vector")
    assert tensor.shape == (6, DIM)
    assert tensor.data_ptr() == rows.arrays["vector"].ctypes.data
    assert rows.tensor("size").tolist() == [2**60 + 1 + i for i in range(6)]
    with pytest.raises(DataError, match="feature name is large_string, no tensor"):
        rows.tensor("name")
