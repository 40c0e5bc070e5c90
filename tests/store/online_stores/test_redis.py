"""The Redis store's faults: killed writers, readers across a switch, Redis gone, restarted or full."""

import os
import random
import signal
import threading
import time
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.errors import ConfigError, DataError, StoreError
from embedding_features.store.online_stores.redis.address import Address
from embedding_features.store.online_stores.redis.wire import field_of
from tests.store.redis_server import in_process
from tests.store.snapshot_world import DIM, World, make_ids, online_config, table

IDS = make_ids(300)


@pytest.fixture
def world(tmp_path, redis_address):
    return World(tmp_path, kind="redis", redis=redis_address)


def world_at(server, path, **settings):
    return World(path / "w", kind="redis", redis=server.address, **settings)


def names(world, ids=IDS):
    return world.read(ids, ["name"]).arrays["name"].to_pylist()


def keys(server):
    return {key.decode() for key in server.client().scan_iter()}


def test_killed_at_100_random_points_old_or_new_is_served_and_a_rerun_heals(world, redis_server):
    """Half of the points are any byte sent to Redis, half any command, which is cut somewhere."""
    old, new = table(IDS), table(IDS[1:], 1, seed=1)
    expected = {False: old["name"].to_pylist(), True: [None, *new["name"].to_pylist()]}
    sizes = []
    read, write = os.pipe()
    world.write(old)
    in_process(
        lambda: world.write(new),
        lambda _, data, send: (os.write(write, f"{len(data)} ".encode()), send()),
    )
    sizes = [int(size) for size in os.read(read, 1 << 16).split()]
    assert len(sizes) > 10
    dice, seen = random.Random(0), []
    for point in range(100):
        world.online.teardown(world.feast.config, [], [])
        world.write(old)
        cut = dice.randrange(sum(sizes))
        if point % 2:
            at = dice.randrange(len(sizes))
            cut = sum(sizes[:at]) + dice.randrange(sizes[at] + 1)
        left = [cut]

        def deadly(connection, data, send, left=left):
            left[0] -= len(data)
            if left[0] < 0:
                connection._sock.sendall(data[: len(data) + left[0]])
                os.kill(os.getpid(), signal.SIGKILL)
            send()

        in_process(lambda: world.write(new), deadly)
        time.sleep(0.002)
        seen.append(names(world) == expected[True])
        assert names(world) == expected[seen[-1]]
        redis_server.client().delete("ef:p:{emb:emb}:lock")  # or wait until it ends by itself
        world.write(new)
        assert names(world) == expected[True]
        left_over = {key for key in keys(redis_server) if "staging" in key or "runs" in key or "lock" in key}
        assert not left_over
    assert 0 < sum(seen) < 100


def test_a_killed_writers_lock_ends_by_itself(world):
    world.write(table(IDS))

    def deadly(_, data, send):
        if data.startswith(b"*") and b"HSET" in data[:20]:
            os.kill(os.getpid(), signal.SIGKILL)
        send()

    assert in_process(lambda: world.write(table(IDS, 1)), deadly)
    assert world.write(table(IDS, 2, seed=2)) == 300
    assert names(world)[:1] == ["name 2 0"]


def test_two_at_once_one_waits_or_says_who_holds_the_lock(world, tmp_path, redis_address):
    patient = World(tmp_path, kind="redis", redis=redis_address)
    hasty = World(tmp_path, kind="redis", redis=redis_address)
    hasty.feast.config.online_store.wait_seconds = 0.05
    hasty.online._views.clear()
    started, go_on = threading.Event(), threading.Event()

    def slowly():
        batch = table(IDS, 1, seed=1).to_batches()[0]
        yield batch.slice(0, 100)
        started.set()
        go_on.wait(30)
        yield batch.slice(100)

    reader = pa.RecordBatchReader.from_batches(table(IDS, 1).schema, slowly())
    threads = [threading.Thread(target=world.write, args=[reader])]
    threads[0].start()
    started.wait(30)
    threads.append(threading.Thread(target=patient.write, args=[table(IDS, 2, seed=2)]))
    threads[1].start()
    with pytest.raises(StoreError, match=rf"materialized by .*:{os.getpid()} \(host:process\)"):
        hasty.write(table(IDS, 3, seed=3))
    time.sleep(1.5)  # longer than the lock lasts: it is renewed
    assert not world.read(IDS).found.any()
    go_on.set()
    for thread in threads:
        thread.join()
    assert names(world) == [f"name 2 {i}" for i in range(300)]


def test_a_writer_that_lost_its_lock_does_not_switch(world, redis_server):
    world.write(table(IDS))

    def robbed():
        batch = table(IDS, 1, seed=1).to_batches()[0]
        yield batch.slice(0, 100)
        redis_server.client().set("ef:p:{emb:emb}:lock", "somebody else")
        yield batch.slice(100)

    reader = pa.RecordBatchReader.from_batches(table(IDS, 1).schema, robbed())
    with pytest.raises(StoreError, match="lost its lock; the old is served"):
        world.write(reader)
    assert names(world) == [f"name 0 {i}" for i in range(300)]
    assert redis_server.client().get("ef:p:{emb:emb}:lock") == b"somebody else"
    assert not [key for key in keys(redis_server) if "staging" in key]


def test_rows_that_vanish_before_the_switch_are_noticed(world, redis_server):
    def robbed():
        batch = table(IDS).to_batches()[0]
        yield batch.slice(0, 200)
        time.sleep(0.1)
        staging = next(key for key in keys(redis_server) if "staging" in key)
        assert redis_server.client().hdel(staging, field_of(IDS[0]))
        yield batch.slice(200)

    reader = pa.RecordBatchReader.from_batches(table(IDS).schema, robbed())
    with pytest.raises(StoreError, match="has not the 300 rows"):
        world.write(reader)
    assert not world.read(IDS).found.any()


def test_readers_across_switches_see_one_snapshot_whole(world):
    """Threads that read and push beside a writer: the vectors of one snapshot only, none missing."""
    mixed, done = [], threading.Event()
    extra = make_ids(301)[300:]

    def snapshot(day):
        return table(IDS, day, vector=pa.array([[float(day)] * DIM] * 300, pa.list_(pa.float32())))

    world.write(snapshot(0))

    def look():
        while not done.is_set():
            seen = world.read(IDS, ["vector"])
            if not seen.found.all() or len(np.unique(seen.arrays["vector"])) != 1:
                mixed.append(seen)

    def push():
        while not done.is_set():
            world.push(table(extra, 1000))

    threads = [threading.Thread(target=look) for _ in range(2)] + [threading.Thread(target=push)]
    for thread in threads:
        thread.start()
    for day in range(1, 15):
        world.write(snapshot(day))
        assert world.read(extra).found.all() or day < 3, "a push is kept across a switch"
    done.set()
    for thread in threads:
        thread.join()
    assert not mixed
    assert (world.read(IDS).arrays["vector"] == 14).all()
    assert world.read(extra).found.all()


def test_redis_gone_and_back(own_redis, tmp_path):
    """Errors say where it was; nothing but Redis is started again. Lost data is not served as empty."""
    server = own_redis()
    world = world_at(server, tmp_path)
    world.write(table(IDS))
    server.kill()
    for work in (lambda: names(world), lambda: world.write(table(IDS, 1)), lambda: world.push(table(IDS, 1))):
        with pytest.raises(StoreError, match=rf"Redis at {server.address} cannot be reached"):
            work()
    server.start()
    for work in (lambda: names(world), lambda: world.get(IDS[:1]), lambda: world.push(table(IDS[:1], 1))):
        with pytest.raises(StoreError, match=r"nothing is online .*\n.*run feast apply, then materialize"):
            work()
    world.write(table(IDS, 1, seed=1))
    assert names(world) == [f"name 1 {i}" for i in range(300)]


def test_feast_apply_makes_a_lost_redis_ready(own_redis, tmp_path):
    server = own_redis()
    world = world_at(server, tmp_path)
    server.kill()
    server.start()
    world.feast.apply([world.view])
    assert not world.read(IDS).found.any()
    world.push(table(IDS[:1]))
    assert world.read(IDS).found.sum() == 1


def test_redis_restarted_with_its_file(own_redis, tmp_path):
    server = own_redis("--appendonly", "yes", "--appendfsync", "always")
    world = world_at(server, tmp_path)
    world.write(table(IDS))
    world.push(table(IDS[:1], 1, seed=1))
    server.kill()
    server.start()
    assert names(world) == ["name 1 0", *(f"name 0 {i}" for i in range(1, 300))]
    world.write(table(IDS, 2, seed=2))
    assert names(world)[0] == "name 2 0"


def test_redis_goes_away_in_the_middle_of_a_materialization(own_redis, tmp_path):
    server = own_redis("--appendonly", "yes", "--appendfsync", "always")
    world = world_at(server, tmp_path)
    world.write(table(IDS))

    def cut():
        batch = table(IDS, 1, seed=1).to_batches()[0]
        yield batch.slice(0, 100)
        server.kill()
        yield batch.slice(100)

    reader = pa.RecordBatchReader.from_batches(table(IDS).schema, cut())
    with pytest.raises(StoreError, match="cannot be reached"):
        world.write(reader)
    server.start()
    assert names(world) == [f"name 0 {i}" for i in range(300)]
    world.write(table(IDS, 1, seed=1))
    assert names(world) == [f"name 1 {i}" for i in range(300)]
    assert not [key for key in keys(server) if "staging" in key]


def test_a_full_redis_refuses_and_goes_on_serving(own_redis, tmp_path):
    server = own_redis("--maxmemory", "6mb", "--maxmemory-policy", "noeviction")
    world, many = world_at(server, tmp_path), make_ids(60_000)
    world.write(table(IDS))
    with pytest.raises(StoreError, match=f"Redis at {server.address} is full"):
        world.write(table(many, 1, seed=1))
    assert names(world) == [f"name 0 {i}" for i in range(300)]
    assert not [key for key in keys(server) if "staging" in key]
    world.write(table(IDS, 2, seed=2))
    assert names(world)[0] == "name 2 0"


def test_a_redis_that_drops_keys_is_refused(own_redis, tmp_path):
    server = own_redis("--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru")
    world = world_at(server, tmp_path)
    with pytest.raises(StoreError, match=r"drops keys when it is full \(maxmemory-policy allkeys-lru\)"):
        world.write(table(IDS))


def test_a_refused_login_names_the_server_and_never_the_password(own_redis, tmp_path):
    server = own_redis("--requirepass", "right")
    for login, says in ((",password=wrong-secret", "refuses the login"), ("", "refuses the login")):
        with pytest.raises(StoreError, match=f"Redis at {server.address} {says}") as caught:
            World(tmp_path / f"a{len(login)}", kind="redis", redis=server.address + login)
        shown = [caught.value, caught.value.__cause__]
        assert "secret" not in "".join(map(repr, shown)) + "".join(map(str, shown))
    world = World(tmp_path / "b", kind="redis", redis=f"{server.address},db=2,password=right")
    world.write(table(IDS))
    assert names(world)[0] == "name 0 0"
    assert "right" not in repr(Address.parse("h:1,password=right"))


@pytest.mark.parametrize("text", ["", "a:1,b:2", "host", "h:1,db=x", "h:1,ssl=perhaps", "h:1,colour=red"])
def test_an_unclear_connection_string_is_refused(text):
    with pytest.raises(ConfigError, match=r"connection string|no host and port"):
        Address.parse(text)


def test_a_socket_and_numbers_as_passwords():
    assert Address.parse("unix_socket_path=/run/r.sock,db=1").where == "/run/r.sock"
    assert Address.parse("h:1,password=007").login["password"] == "007"


@pytest.mark.parametrize("id_type", ["int64", "string"])
def test_the_last_created_of_an_id_wins_wherever_it_comes(tmp_path, redis_address, id_type):
    """The later row in an earlier batch, in the same batch and in a later one; twins are refused."""
    world = World(tmp_path, id_type, kind="redis", redis=redis_address)
    ids = make_ids(6, id_type)
    parts = [
        table(ids, 0, seed=1, created=2),
        table(ids[:2], 0, seed=2, created=3),
        table(ids[1:4], 0, seed=3, created=1),
        pa.concat_tables([table(ids[4:], 0, seed=4, created=5), table(ids[5:], 0, seed=5, created=4)]),
    ]
    parts = [part.combine_chunks() for part in parts]
    reader = pa.RecordBatchReader.from_batches(parts[0].schema, [p.to_batches()[0] for p in parts])
    assert world.write(reader, rows=14) == 6
    expected = ["name 2 0", "name 2 1", "name 1 2", "name 1 3", "name 4 0", "name 4 1"]
    assert names(world, ids) == expected
    for twins in ([parts[0], parts[0]], [*parts, parts[1]]):
        with pytest.raises(StoreError, match="is there twice"):
            world.write(pa.concat_tables(twins))
    assert names(world, ids) == expected


def test_columns_of_every_kind(tmp_path, redis_address):
    """Slices, empty strings and lists, undeclared and fixed sizes: read as they were given."""
    rows = table(IDS)
    fixed = pa.FixedSizeListArray.from_arrays(rows["vector"].combine_chunks().flatten(), DIM)
    near = pa.array([["", "é\0", "x" * 300][: i % 4] for i in range(300)], pa.large_list(pa.large_string()))
    texts = pa.array(["" if i % 3 else "é" * i for i in range(300)], pa.large_string())
    rows = rows.set_column(1, "vector", fixed).set_column(2, "near", near).set_column(3, "name", texts)
    world = World(tmp_path, kind="redis", redis=redis_address)
    world.write(rows.slice(7))
    found = world.read([5, *IDS[7:]])
    assert found.found.tolist() == [False] + [True] * 293
    for name in ("vector", "near", "name", "size"):
        assert found.arrays[name][1:].tolist() == rows.slice(7)[name].to_pylist(), name
    assert np.isnan(found.arrays["vector"][0]).all()
    world.view.features[0].tags.clear()
    world.write(table(IDS, 1))
    assert world.read(IDS).arrays["vector"].shape == (300, DIM)
    ragged = pa.array([[1.5] * (i % 3) for i in range(300)], pa.list_(pa.float32()))
    world.write(table(IDS, 2, vector=ragged))
    assert world.read(IDS).arrays["vector"].to_pylist() == ragged.to_pylist()
    nested = pa.array([[[1.0]]] * 300)
    with pytest.raises(StoreError, match=r"column near is list"):
        world.write(table(IDS, 3, near=nested))


def test_ids_of_another_type_are_refused(world):
    world.write(table(IDS))
    for ids in (["a"], [1.5], pa.array([1, None])):
        with pytest.raises(DataError):
            world.read(ids)


def test_a_view_without_the_tag_goes_feasts_way(world):
    world.view.tags = {}
    world.feast.apply([world.view])
    world.put("a", table(IDS[:150], 0))
    world.put("b", table(IDS[150:], 2))
    world.materialize()
    assert world.read(IDS).found.all()


def test_a_deleted_view_is_not_written_by_who_was_at_it(world, redis_server):
    def deleted():
        batch = table(IDS).to_batches()[0]
        yield batch.slice(0, 100)
        world.online.update(world.feast.config, [world.view], [], [], [], False)
        yield batch.slice(100)

    reader = pa.RecordBatchReader.from_batches(table(IDS).schema, deleted())
    with pytest.raises(StoreError, match="lost its lock"):
        world.write(reader)
    left = {key for key in keys(redis_server) if not key.endswith(":runs")}
    assert not left


def test_settings_come_from_yaml(tmp_path, redis_address):
    world = World(tmp_path, kind="redis", redis=redis_address, ttl=timedelta(0))
    settings = world.feast.config.online_store
    assert (settings.lock_seconds, settings.timeout_seconds, settings.wait_seconds) == (1, 2, 600)
    assert online_config("redis", tmp_path, redis_address)["type"] == settings.type
