"""The embedded online store when processes are killed, disks are full, or two write at once."""

import errno
import gc
import itertools
import os
import random
import resource
import shutil
import signal
import threading
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.snapshot.columns import ArrayFile
from embedding_features.store.online_stores.snapshot.handle import locked
from tests.store.elsewhere import exit_code, start_materialize
from tests.store.processes import ended, in_child, killed_at
from tests.store.snapshot_world import DIM, World, make_ids, table

IDS = make_ids(6)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def folder_of(world):
    return world.online._view(world.feast.config, world.view).folder


def names(world, ids=IDS):
    return world.read(ids, ["name"]).arrays["name"].to_pylist()


def same_everywhere(ids, day):
    """A snapshot whose vectors are all ``day``."""
    return table(ids, day, vector=pa.array([[float(day)] * DIM] * len(ids), pa.list_(pa.float32())))


def test_killed_at_any_point_old_or_new_is_served_and_a_rerun_heals(world):
    old, new, folder, seen = table(IDS), table(IDS[1:], 1, seed=1), folder_of(world), []
    for point in itertools.count():
        shutil.rmtree(folder, ignore_errors=True)
        world.write(old)
        killed = killed_at(point, lambda: world.write(new))
        seen.append(names(world))
        assert seen[-1] in (old["name"].to_pylist(), [None, *new["name"].to_pylist()])
        world.write(new)
        assert world.read(IDS[1:]).arrays["vector"].tolist() == new["vector"].to_pylist()
        assert not world.read(IDS[:1]).found.any()
        left = sorted(path.name.split("-")[0] for path in folder.iterdir())
        assert left == [".materialize.lock", ".staging", ".write.lock", "current.json", "delta", "generation"]
        assert not list((folder / ".staging").iterdir())
        if not killed:
            break
    assert len(seen) > 20
    assert len({str(names) for names in seen}) == 2


@pytest.mark.slow
def test_killed_at_100_random_moments_of_a_materialization(world):
    """Feast's whole way, by its engine; each run goes on from what the last one left."""
    ids, draw, config = make_ids(300), random.Random(0), world.feast.config
    registry = world.data.parent / "registry.db"
    world.write(same_everywhere(ids, 0))
    whole, online, ends, took = registry.read_bytes(), 2, [], 0.0
    for day in (1, 2):  # the first run also starts the server of processes
        world.put("next", same_everywhere(ids, day))
        took = time.monotonic()
        assert exit_code(start_materialize(config)) == 0
        took = time.monotonic() - took
    for _ in range(100):
        registry.write_bytes(whole)  # Feast writes it in place; its kills are not the subject
        world.put("next", same_everywhere(ids, online + 1))
        process = start_materialize(config)
        process.join(draw.uniform(0, took))
        process.kill()
        ends.append(exit_code(process))
        rows = world.read(ids, ["vector"])
        served = np.unique(rows.arrays["vector"])
        assert rows.found.all()
        assert served.tolist() in ([online], [online + 1])
        online = int(served[0])
    assert set(ends) <= {0, -signal.SIGKILL}
    assert -signal.SIGKILL in ends
    registry.write_bytes(whole)
    world.put("next", same_everywhere(ids, online + 1))
    world.materialize()
    assert (world.read(ids, ["vector"]).arrays["vector"] == online + 1).all()
    assert len(list(folder_of(world).glob("generation-*"))) == 1


def test_killed_while_pushing_all_or_none_is_served(world):
    world.write(table(IDS[:3], 0))
    pushed, folder, seen = table(IDS[2:5], 1, seed=1), folder_of(world), set()
    kept = shutil.copytree(folder, folder.with_name("kept"))
    for point in itertools.count():
        shutil.rmtree(folder)
        shutil.copytree(kept, folder)
        killed = killed_at(point, lambda: world.push(pushed))
        some = names(world)
        assert some in (
            ["name 0 0", "name 0 1", "name 0 2", None, None, None],
            ["name 0 0", "name 0 1", "name 1 0", "name 1 1", "name 1 2", None],
        )
        seen.add(str(some))
        world.push(pushed)
        assert names(world)[2:] == ["name 1 0", "name 1 1", "name 1 2", None]
        if not killed:
            break
    assert point > 1
    assert len(seen) == 2


def test_killed_while_removing_nothing_or_all_is_left(world):
    world.write(table(IDS))
    config, folder = world.feast.config, folder_of(world)
    kept = shutil.copytree(folder.parents[1], folder.parents[2] / "kept")
    for point in itertools.count():
        shutil.rmtree(folder.parents[1], ignore_errors=True)
        shutil.copytree(kept, folder.parents[1])
        killed = killed_at(point, lambda: world.online.teardown(config, [], []))
        if world.online.describe(config, world.view) is not None:
            assert names(world) == table(IDS)["name"].to_pylist()
        world.online.teardown(config, [], [])
        assert not folder.parents[1].exists()
        if not killed:
            break
    assert point > 1


def open_handles():
    gc.collect()  # what earlier tests left to it closes nothing in between
    return len(list(Path("/dev/fd").iterdir()))


def full_disk(world, limit, work):
    """``work`` where no file may grow over ``limit`` bytes is a clear error, and leaves nothing behind."""
    before, folder = names(world), folder_of(world)
    files = sorted(path.name for path in folder.rglob("*"))

    def limited():
        # what this process prints goes to a file, too
        with Path(os.devnull).open("w") as nothing, redirect_stdout(nothing), redirect_stderr(nothing):
            handles, limits = open_handles(), resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limits[1]))
            try:
                with pytest.raises(StoreError, match=r"cannot write in .* what was online stays") as raised:
                    work()
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            assert raised.value.fix == "make room or give the right, then do it again"
            del raised
            assert open_handles() == handles
            assert names(world) == before

    assert ended(in_child(limited)) == 0
    assert sorted(path.name for path in folder.rglob("*") if path.name != ".staging") == [
        name for name in files if name != ".staging"
    ]
    assert names(world) == before


@pytest.mark.parametrize("limit", [10, 100, 1000])
def test_a_disk_that_is_full_while_materializing(world, limit):
    world.write(table(IDS))
    full_disk(world, limit, lambda: world.write(table(make_ids(300), 1, seed=1)))
    world.write(table(IDS, 1, seed=1))
    assert names(world)[0] == "name 1 0"


@pytest.mark.parametrize("limit", [10, 1000])
def test_a_disk_that_is_full_while_pushing(world, limit):
    world.write(table(IDS[:3]))
    world.push(table(IDS[3:4], 1, seed=1))
    delta = next(folder_of(world).glob("delta-*"))
    size = delta.stat().st_size
    full_disk(world, limit, lambda: world.push(table(make_ids(60), 2, seed=2)))
    assert delta.stat().st_size == size
    world.push(table(IDS[4:], 2, seed=3))
    assert names(world)[3:] == ["name 1 0", "name 3 0", "name 3 1"]


def test_no_space_is_said_and_other_errors_are_not_hidden(world, monkeypatch):
    world.write(table(IDS))
    for number, kind in ((errno.ENOSPC, StoreError), (errno.EBADF, OSError)):
        error = OSError(number, os.strerror(number))
        monkeypatch.setattr(ArrayFile, "append", lambda *_, error=error: (_ for _ in ()).throw(error))
        with pytest.raises(kind, match=os.strerror(number)):
            world.write(table(IDS, 1))
    assert names(world) == table(IDS)["name"].to_pylist()


def halted(snapshot, go_on, begun):
    """A reader of a snapshot whose second half comes when ``go_on`` returns."""

    def batches():
        yield from snapshot.slice(0, 3).to_batches()
        begun()
        go_on()
        yield from snapshot.slice(3).to_batches()

    return pa.RecordBatchReader.from_batches(snapshot.schema, batches())


@pytest.mark.parametrize("day", [1, 3])
def test_a_materialization_waits_for_another_process(world, day):
    """Then it succeeds when it is newer, and is refused when it is older."""
    (said, say), (heard, tell) = os.pipe(), os.pipe()
    snapshot = halted(table(IDS, 2, seed=2), lambda: os.read(heard, 1), lambda: os.write(say, b"."))
    child = in_child(lambda: world.write(snapshot))
    os.read(said, 1)
    failed = []

    def write():
        try:
            world.write(table(IDS, day, seed=day))
        except StoreError as error:
            failed.append(str(error))

    second = threading.Thread(target=write)
    second.start()
    second.join(0.2)
    assert second.is_alive()
    assert names(world) == [None] * 6
    os.write(tell, b".")
    assert ended(child) == 0
    second.join()
    assert [("newer than" in text) for text in failed] == ([True] if day == 1 else [])
    assert names(world)[0] == f"name {max(day, 2)} 0"


@pytest.mark.parametrize("how", ["update", "teardown"])
def test_removing_waits_for_a_writer(world, how):
    begun, go_on, config = threading.Event(), threading.Event(), world.feast.config
    snapshot = halted(table(IDS), go_on.wait, begun.set)
    writer = threading.Thread(target=world.write, args=[snapshot])
    writer.start()
    begun.wait()
    work = {
        "update": lambda: world.online.update(config, [world.view], [], [], [], partial=True),
        "teardown": lambda: world.online.teardown(config, [], []),
    }
    remover = threading.Thread(target=work[how])
    remover.start()
    remover.join(0.2)
    assert remover.is_alive()
    go_on.set()
    writer.join()
    remover.join()
    assert world.online.describe(config, world.view) is None
    assert not folder_of(world).parent.exists()
    with pytest.raises(StoreError, match="run feast apply, then materialize"):
        world.push(table(IDS))


@pytest.mark.parametrize("again", [False, True])
def test_who_waited_for_a_folder_that_was_removed(tmp_path, again):
    """There is no lock to be had, or the one of the folder that was made again."""
    folder, got = tmp_path / "view", []
    folder.mkdir()

    def wait():
        try:
            with locked(folder / "lock"):
                got.append((folder / "lock").stat().st_ino)
        except StoreError as error:
            got.append(str(error))

    waiter = threading.Thread(target=wait)
    with locked(folder / "lock"):
        waiter.start()
        waiter.join(0.2)
        assert waiter.is_alive()
        folder.rename(tmp_path / "gone")
        if again:
            folder.mkdir()
            (folder / "lock").touch()
    waiter.join()
    if again:
        assert got == [(folder / "lock").stat().st_ino]
    else:
        assert "nothing is online" in got[0]
