"""Named errors in the place of Python's, Arrow's, Redis's and the system's own; who may only read reads."""

import asyncio
import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from embedding_features.errors import DataError, StoreError
from embedding_features.testing.online_store.rows import entity_key
from tests.store.processes import ended, in_child
from tests.store.snapshot_world import T0, World, make_ids, table

IDS = make_ids(4)
NOBODY = 65534


@pytest.fixture
def world(tmp_path):
    """With a snapshot and a push online."""
    world = World(tmp_path)
    world.write(table(IDS[:3]))
    world.push(table(IDS[3:], 1))
    return world


def folder_of(world):
    return world.online._view(world.feast.config, world.view).folder


def reads(world):
    """Every way to read."""
    config, view, keys = world.feast.config, world.view, [entity_key(key) for key in IDS]
    rows = [{"item_id": i} for i in IDS]
    return [
        lambda: world.read(IDS).found.tolist(),
        lambda: [time is not None for time, _ in world.online.online_read(config, view, keys)],
        lambda: [name is not None for name in world.get(IDS).to_dict()["name"]],
        lambda: [
            name is not None
            for name in asyncio.run(world.feast.get_online_features_async(["emb:name"], rows)).to_dict()[
                "name"
            ]
        ],
    ]


def as_nobody(work):
    """In a process of a user who owns nothing."""

    def changed():
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        work()

    return ended(in_child(changed))


@pytest.fixture
def others(tmp_path):
    """Lets other users reach the test's folder: ``others(mode of files, mode of folders)``."""
    if os.geteuid() != 0:
        pytest.skip("only root may become another user")

    def allow(files, folders):
        for path in [tmp_path, *tmp_path.rglob("*")]:
            path.chmod(folders if path.is_dir() else files)
        for parent in tmp_path.parents[:3]:
            if parent.name.startswith(("pytest-", "popen-")):
                parent.chmod(0o755)

    return allow


def test_who_may_not_write_reads(world, others):
    others(0o444, 0o555)

    def work():
        for read in reads(world):
            assert read() == [True] * 4
        assert world.online.describe(world.feast.config, world.view).entities == 3
        fresh = type(world.online)()
        assert fresh.read_arrays(world.feast.config, world.view, IDS).found.all()

    assert as_nobody(work) == 0


def test_who_may_not_write_is_told_so(world, others):
    others(0o444, 0o555)

    def work():
        config, view = world.feast.config, world.view
        writes = [
            lambda: world.push(table(IDS[:1], 2)),
            lambda: world.write(table(IDS, 2)),
            lambda: world.online.update(config, [view], [], [], [], partial=True),
            lambda: world.online.teardown(config, [view], []),
        ]
        for write in writes:
            with pytest.raises(StoreError, match=r"cannot write in .*: Permission denied"):
                write()
        assert world.read(IDS).found.all()

    assert as_nobody(work) == 0


@pytest.mark.parametrize(("files", "folders"), [(0o600, 0o755), (0o644, 0o700)])
def test_who_may_not_read_is_told_so(world, others, files, folders):
    others(0o644, 0o755)
    for path in folder_of(world).rglob("*"):
        path.chmod(folders if path.is_dir() else files)
    folder_of(world).chmod(folders)

    def work():
        world.online._views.clear()
        for read in reads(world):
            with pytest.raises(StoreError, match=r"cannot read .*: Permission denied"):
                read()

    assert as_nobody(work) == 0


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("current.json", b""),
        ("current.json", b"{}"),
        ("current.json", b"[1, 2]"),
        ("current.json", b"\xff\xfe"),
        ("generation-*/generation.json", b""),
        ("generation-*/generation.json", b"{}"),
        ("generation-*/generation.json", b"null"),
        ("generation-*/generation.json", b'{"stamp": [], "key": 1, "index": {}, "columns": {}}'),
        ("generation-*/rows", b"short"),
        ("delta-*", b"\x04\0\0\0\0\0\0\0abcd"),
    ],
)
def test_a_damaged_file_is_named(world, file, content):
    (path,) = folder_of(world).glob(file)
    path.write_bytes(content)
    world.online._views.clear()
    for read in reads(world):
        with pytest.raises(StoreError, match="is damaged"):
            read()


@pytest.mark.parametrize("file", ["current.json", "generation-*", "delta-*"])
def test_a_folder_or_a_file_in_the_place_of_the_other(world, file):
    (path,) = folder_of(world).glob(file)
    was_folder = path.is_dir()
    path.rename(path.with_name("elsewhere"))
    path.write_text("") if was_folder else path.mkdir()
    world.online._views.clear()
    for read in reads(world):
        with pytest.raises(StoreError):
            read()
    with pytest.raises(StoreError):
        world.push(table(IDS[:1], 2))


def test_a_file_in_the_place_of_the_store(tmp_path):
    (tmp_path / "online").write_text("mine")
    with pytest.raises(StoreError, match=r"cannot write in .*: (Not a directory|File exists)"):
        World(tmp_path)


@pytest.mark.parametrize("name", ["rows", "pushed"])
def test_keys_of_another_type_in_redis(tmp_path, redis_address, redis_server, name):
    world = World(tmp_path, kind="redis", redis=redis_address)
    world.write(table(IDS[:3]))
    key = world.online._view(world.feast.config, world.view).key(name)
    redis_server.client().delete(key)
    redis_server.client().set(key, "mine")
    if name == "rows":
        for read in reads(world):
            with pytest.raises(StoreError, match="WRONGTYPE"):
                read()
    with pytest.raises(StoreError, match="WRONGTYPE"):
        world.push(table(IDS[:1], 2))


@pytest.mark.parametrize("field", ["header", "row"])
@pytest.mark.parametrize("value", [b"", b"mine", b"\x01", b"\xff" * 40, b"\xff" * 17 + b"\x01"])
def test_damaged_values_in_redis_are_named(tmp_path, redis_address, redis_server, field, value):
    world = World(tmp_path, kind="redis", redis=redis_address)
    world.write(table(IDS))
    key = world.online._view(world.feast.config, world.view).key("rows")
    fields = redis_server.client().hkeys(key)
    name = b"h" if field == "header" else next(name for name in fields if name != b"h")
    redis_server.client().hset(key, name, value)
    for read in reads(world):
        with pytest.raises(StoreError, match=r"is damaged|WRONGTYPE"):
            read()


@pytest.mark.parametrize(
    "ids",
    [
        [1, "a"], ["a", 1], [True], [1, False], [1.0], [None], None, {"item_id": [1]}, {1},
        [[1], [2, 3]], [["a"]], np.array([["a"]]), np.array("a"), 1.5, True, b"1", [b"1"],
        [2**64], [2**63], object(),
        pa.array([True]), pa.array([1.5]), pa.array([1, None]), pd.Series([1.5, 2.0]),
        pd.Series([1, None], dtype="Int64"),
        [np.bool_(True)], (1, "a"), pd.Series(["a", 1]), np.array([np.nan]), [pd.Timestamp(T0)],
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_no_list_of_ids_is_refused(world, ids):
    with pytest.raises(DataError):
        world.read(ids)


@pytest.mark.parametrize("id_type", ["int64", "string"])
def test_one_id_and_every_kind_of_list(make_world, id_type):
    world, ids = make_world(id_type=id_type), make_ids(3, id_type)
    world.write(table(ids))
    kinds = [list, tuple, np.array, pa.array, pd.Series, pd.Index, lambda i: pa.chunked_array([pa.array(i)])]
    plain = [i.rstrip("\x00") if id_type == "string" else i for i in ids]  # numpy loses NULs at the end
    for kind in kinds:
        given = plain if kind is np.array and id_type == "string" else ids
        assert world.read(kind(given)).found.tolist() == [given is ids or id_type == "int64"] * 3
    found = world.read(ids[1])
    assert found.found.tolist() == [True]
    assert found.arrays["name"].to_pylist() == ["name 0 1"]
    if id_type == "int64":
        assert world.read(np.int64(ids[1])).found.tolist() == [True]
        assert world.read(pd.Series(ids, dtype="Int64")).found.all()
