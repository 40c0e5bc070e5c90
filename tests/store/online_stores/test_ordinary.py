"""Views that are no snapshots: what Feast's own stores serve is served; a window comes whole or not."""

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from feast import Entity, FeatureView, Field, ValueType
from feast.types import Array, Bool, Bytes, Float32, Float64, Int32, Int64, String, UnixTimestamp

from embedding_features.errors import StoreError
from embedding_features.store.marks import marks
from tests.store.beside import HOUR, NOW, USER, Repo, outcome

LISTS = {
    Float32: pa.float32(),
    Float64: pa.float64(),
    Int32: pa.int32(),
    Int64: pa.int64(),
    String: pa.string(),
    Bool: pa.bool_(),
    Bytes: pa.binary(),
}
ONE = {Float32: 1.5, Float64: 2.5, Int32: 3, Int64: 2**60 + 1, String: "é", Bool: True, Bytes: b"\0"}


def loose(kind):
    return Field(name="tags", dtype=Array(kind))


@pytest.mark.parametrize("batch", [None, 1, 2])
@pytest.mark.parametrize("kind", LISTS, ids=str)
def test_a_null_list_and_a_null_scalar_are_served(beside, kind, batch):
    answers = []
    for repo in beside(batch=batch):
        repo.put(tags=pa.array([[ONE[kind]], [ONE[kind]] * 2, None], pa.list_(LISTS[kind])), n=[1, None, 3])
        repo.apply(tags=Array(kind), n=Int64)
        repo.materialize()
        answers.append(repo.get(["tags", "n"]))
        assert answers[-1]["tags"][2] is None
        assert answers[-1]["n"] == [1, None, 3]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("null", ["null list", "empty list", "null inside", "NaN inside"])
def test_what_a_list_may_hold(beside, null):
    held = {"null list": None, "empty list": [], "null inside": [1.0, None], "NaN inside": [math.nan, 1.0]}
    answers = []
    for repo in beside():
        repo.put(tags=pa.array([[1.0, 2.0], held[null]], pa.list_(pa.float32())))
        repo.apply(tags=Array(Float32))
        repo.materialize()
        answers.append(repo.get(["tags"], (1, 2, 9)))
    assert repr(answers[0]) == repr(answers[1])


def test_a_null_vector_of_feasts_index(beside):
    answers = []
    for repo in beside():
        repo.put(tags=pa.array([[1.0, 2.0], None], pa.list_(pa.float32())))
        repo.apply(
            tags=Field(
                name="tags",
                dtype=Array(Float32),
                vector_index=True,
                vector_length=2,
                vector_search_metric="L2",
            )
        )
        repo.materialize()
        answers.append(repo.get(["tags"]))
    assert answers[0] == answers[1] == {"tags": [[1.0, 2.0], None, None]}


def test_a_window_of_nulls_alone(beside):
    answers = []
    for repo in beside():
        repo.apply(tags=Array(Float32), n=Int64)
        repo.put(tags=pa.array([[1.0]] * 2, pa.list_(pa.float32())), n=[1, 2])
        repo.materialize()
        nulls = pa.array([None] * 2, pa.list_(pa.float32()))
        repo.put(NOW + 2 * HOUR, tags=nulls, n=pa.array([None] * 2, pa.int64()))
        repo.materialize(NOW + HOUR, NOW + 3 * HOUR)
        answers.append(repo.get(["tags", "n"]))
    assert answers[0] == answers[1] == {"tags": [None] * 3, "n": [None] * 3}


@pytest.mark.parametrize("batch", [None, 1])
@pytest.mark.parametrize("bad", [[1.0, math.nan], [math.inf, 1.0]])
def test_a_row_that_breaks_a_rule_leaves_the_whole_window_out(beside, batch, bad):
    """Here the length of the vectors is declared; the error speaks of the row, and of no push."""
    _, repo = beside(batch=batch)
    repo.put(tags=pa.array([[1.0, 2.0]] * 3, pa.list_(pa.float32())))
    repo.apply(tags=Field(name="tags", dtype=Array(Float32), tags=marks({"kind": "vector", "dim": "2"})))
    repo.materialize()
    repo.put(NOW + 2 * HOUR, tags=pa.array([[3.0, 4.0], [5.0, 6.0], bad], pa.list_(pa.float32())))
    with pytest.raises(StoreError, match="NaN or infinity in feature tags of view v") as raised:
        repo.materialize(NOW + HOUR, NOW + 3 * HOUR)
    assert "push" not in str(raised.value)
    assert repo.get(["tags"])["tags"] == [[1.0, 2.0]] * 3


def test_rows_in_many_chunks_all_come(tmp_path):
    """Without a batch size Feast itself writes the first chunk of DuckDB's answer, and drops the others."""
    repo, count = Repo(tmp_path, "snapshot"), 150_000
    repo.put(n=np.arange(count))
    repo.apply(n=Int64).materialize()
    assert repo.online.describe(repo.feast.config, repo.view).pushed == count
    assert repo.get(["n"], (1, count))["n"] == [0, count - 1]


def test_pushed_nulls_among_rows_of_a_snapshot(make_world):
    """As arrays: null where a pushed row is null, whatever the type of the column."""
    from embedding_features.testing.online_store.rows import entity_key
    from embedding_features.testing.online_store.rows import numbered_values as row_of
    from tests.store.snapshot_world import DAY, T0, make_ids, table

    world, ids = make_world(), make_ids(3)
    world.write(table(ids))
    empty = {name: type(value)() for name, value in row_of(0).items()}
    row = (entity_key(ids[1]), empty | {"vector": row_of(7)["vector"]}, T0 + DAY, None)
    world.online.online_write_batch(world.feast.config, world.view, [row], None)
    found = world.read([*ids, 5])
    assert found.found.tolist() == [True, True, True, False]
    for name in ("near", "name", "size"):
        values = found.arrays[name].to_pylist()
        assert [value is None for value in values] == [False, True, False, True], name
    assert found.arrays["size"].to_pylist()[::2] == [2**60 + 1, 2**60 + 3]
    assert world.get(ids, ("size",)).to_dict()["size"] == [2**60 + 1, None, 2**60 + 3]


def test_times_of_features(beside):
    answers = []
    for repo in beside():
        repo.put(seen=pa.array([NOW, None, NOW], pa.timestamp("us", tz="UTC")))
        repo.apply(seen=UnixTimestamp)
        repo.materialize()
        answers.append(repo.get(["seen"]))
    assert answers[0] == answers[1]


def test_a_view_of_two_entities(beside):
    answers = []
    for repo in beside():
        repo.put(shop=["a", "b"], x=[10, 20], tags=pa.array([None, [2.0]], pa.list_(pa.float32())))
        repo.apply(x=Int64)
        shop = Entity(name="shop", join_keys=["shop"], value_type=ValueType.STRING)
        schema = [Field(name="x", dtype=Int64), Field(name="tags", dtype=Array(Float32))]
        source = repo.view.batch_source
        repo.feast.apply([shop, FeatureView(name="v", entities=[USER, shop], schema=schema, source=source)])
        repo.materialize()
        rows = [{"user_id": i, "shop": s} for i, s in ((1, "a"), (2, "b"), (2, "a"))]
        answers.append(repo.feast.get_online_features(["v:x", "v:tags"], rows).to_dict())
    assert answers[0] == answers[1]
    assert answers[1]["tags"] == [None, [2.0], None]


def test_a_view_without_entities(beside):
    """What Feast itself does not materialize, or not find, over its own stores, it does not over ours."""
    answers = []
    for repo in beside():
        repo.put(x=[10])
        repo.apply(x=Int64)
        source = repo.view.batch_source
        view = FeatureView(name="all", entities=[], schema=[Field(name="x", dtype=Int64)], source=source)
        repo.feast.apply([view])
        said = outcome(lambda r=repo: r.feast.materialize(NOW - HOUR, NOW + HOUR, ["all"]))
        frame = pd.DataFrame({"__dummy_id": [""], "x": [7], "event_timestamp": [NOW + HOUR]})
        repo.feast.write_to_online_store("all", frame)
        answers.append((said, repo.feast.get_online_features(["all:x"], [{"user_id": 1}]).to_dict()["x"]))
    assert answers[0] == answers[1]
