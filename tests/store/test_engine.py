"""The columnar engine: one snapshot online in one step, and Feast's own way for everything else."""

import threading

import pytest

from embedding_features.errors import StoreError
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
