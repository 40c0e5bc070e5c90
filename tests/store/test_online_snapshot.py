"""The embedded online store: what it refuses, heals and answers. One test for each silent corruption."""

import gc
import itertools
import os
import shutil
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus

from embedding_features.errors import DataError, StoreError
from embedding_features.store.online_stores.snapshot.columns import ArrayFile
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


GOOD = [[1.0] * DIM] * 6
BAD = {
    "nan": [*GOOD[:5], [1.0, float("nan"), 0.0, 0.0]],
    "infinity": [*GOOD[:5], [1.0, float("inf"), 0.0, 0.0]],
    "null inside": [*GOOD[:5], [1.0, None, 0.0, 0.0]],
    "null embedding": [*GOOD[:5], None],
    "wrong dim": [*GOOD[:5], [1.0]],
}


@pytest.mark.parametrize("case", BAD)
def test_nan_null_and_wrong_dim_are_refused_and_the_old_stays(world, case):
    first = table(IDS)
    world.write(first)
    with pytest.raises(StoreError, match="vector of view emb has"):
        world.write(table(IDS, 1, vector=floats(BAD[case])))
    assert world.read(IDS).arrays["vector"].tolist() == first["vector"].to_pylist()
    assert not list((world.online._folder(world.feast.config, world.view).folder / ".staging").iterdir())


@pytest.mark.parametrize("case", ["nan", "infinity", "null embedding", "wrong dim"])
def test_a_bad_push_is_refused(world, case):
    with pytest.raises(StoreError, match="a pushed row has"):
        world.push(table(IDS, vector=floats(BAD[case])))
    assert not world.read(IDS).found.any()


@pytest.mark.parametrize("id_type", ["int64", "string"])
def test_duplicates_without_created_order_are_refused(tmp_path, id_type):
    world, ids = World(tmp_path, id_type), make_ids(3, id_type)
    twice = table([*ids, ids[1]])
    with pytest.raises(StoreError, match="is there twice"):
        world.write(twice)
    later = pa.concat_tables([table(ids), table(ids[1:2], seed=9, created=1)])
    assert world.write(later) == 3
    assert world.read(ids).arrays["name"].to_pylist() == ["name 0 0", "name 9 0", "name 0 2"]


def test_missing_entities_are_not_found(world):
    world.write(table(IDS[:2]))
    assert statuses(world.get(IDS[1:3]))[1] == [FieldStatus.PRESENT, FieldStatus.NOT_FOUND]
    rows = world.read(IDS[1:3])
    assert rows.found.tolist() == [True, False]
    assert np.isnan(rows.arrays["vector"][1]).all()
    assert rows.arrays["name"].to_pylist() == ["name 0 1", None]


def test_expired_rows_are_outside_max_age(tmp_path):
    world = World(tmp_path, ttl=timedelta(days=1))
    world.write(table(IDS[:2]))
    assert statuses(world.get(IDS[1:3]))[1] == [FieldStatus.OUTSIDE_MAX_AGE, FieldStatus.NOT_FOUND]
    assert world.get(IDS[:1]).to_dict()["vector"] == [None]
    assert world.read(IDS[1:3]).expired.tolist() == [True, False]
    assert not world.read(IDS).found.any()


def test_an_old_window_does_not_overwrite_newer_data(world):
    world.put("old", table(IDS, 0))
    world.put("new", table(IDS, 5, seed=1))
    world.materialize()
    with pytest.raises(StoreError, match="newer than"):
        world.materialize(end=1)
    assert world.read(IDS[:1]).arrays["name"].to_pylist() == ["name 1 0"]


def test_corrected_data_at_the_same_timestamp_wins(world):
    world.write(table(IDS))
    world.write(table(IDS, seed=7, created=1))
    assert world.read(IDS[:1]).arrays["name"].to_pylist() == ["name 7 0"]
    with pytest.raises(StoreError, match="newer than"):
        world.write(table(IDS))


def test_what_the_new_snapshot_lacks_is_gone(world):
    world.put("a", table(IDS, 0))
    world.put("b", table(IDS[2:], 1))
    world.materialize(end=0)
    assert world.read(IDS).found.all()
    world.materialize()
    assert world.read(IDS).found.tolist() == [False, False, True, True, True, True]


def test_pushes_are_durable_until_a_later_snapshot(world, tmp_path):
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
    folder = world.online._folder(world.feast.config, world.view)
    path = folder.folder / folder.served().pointer.delta
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:-3])
    assert world.read(IDS).found.sum() == 1
    world.push(table(IDS[1:2], 1))
    assert world.read(IDS).found.sum() == 2
    damaged = bytearray(path.read_bytes())
    damaged[20] ^= 1
    path.write_bytes(bytes(damaged))
    world.online._folders.clear()
    with pytest.raises(StoreError, match="is damaged"):
        world.read(IDS)


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
    folder, failed = world.online._folder(world.feast.config, world.view), []
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


def killed_at(point, work):
    """Run ``work`` in a forked process that is killed at the ``point``-th write, sync, rename or removal."""
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    left = itertools.count(point, -1)

    def deadly(call):
        def counted(*args, **kwargs):
            if next(left) == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return counted

    for owner, name in (
        (os, "fsync"),
        (Path, "rename"),
        (Path, "replace"),
        (ArrayFile, "append"),
        (Path, "unlink"),
    ):
        setattr(owner, name, deadly(getattr(owner, name)))
    try:
        work()
    finally:
        os._exit(0)


def test_killed_at_any_point_old_or_new_is_served_and_a_rerun_heals(world):
    old, new, ids = table(IDS), table(IDS[1:], 1, seed=1), IDS
    folder = world.online._folder(world.feast.config, world.view).folder
    seen = []
    for point in itertools.count():
        shutil.rmtree(folder, ignore_errors=True)
        world.write(old)
        killed = killed_at(point, lambda: world.write(new))
        rows = world.read(ids)
        seen.append(rows.arrays["name"].to_pylist())
        assert seen[-1] in (old["name"].to_pylist(), [None, *new["name"].to_pylist()])
        world.write(new)
        assert world.read(ids[1:]).arrays["vector"].tolist() == new["vector"].to_pylist()
        assert not world.read(ids[:1]).found.any()
        assert len(list(folder.glob("generation-*"))) == 1
        if not killed:
            break
    assert len(seen) > 20
    assert len({str(names) for names in seen}) == 2


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
    world.push(table(IDS[:1]))
    world.online.update(world.feast.config, [world.view], [], [], [], False)
    with pytest.raises(StoreError, match="run feast apply"):
        world.read(IDS)
    world.online.update(world.feast.config, [], [world.view], [], [], False)
    assert not world.read(IDS).found.any()
    world.online.teardown(world.feast.config, [world.view], [])
    with pytest.raises(StoreError, match="run feast apply"):
        world.read(IDS)


def test_ids_of_another_type_are_refused(world):
    world.write(table(IDS))
    for ids in (["a"], [1.5], pa.array([1, None])):
        with pytest.raises(DataError):
            world.read(ids)
