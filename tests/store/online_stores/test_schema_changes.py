"""A view whose features change between two materializations: old features are answered, new ones are null."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from feast import FeatureService, Field
from feast.types import Array, Float32, Float64, Int32, Int64, String

from embedding_features.errors import StoreError
from embedding_features.testing.online_store.rows import entity_key, statuses
from embedding_features.testing.online_store.rows import numbered_values as row_of
from tests.store.beside import HOUR, NOW
from tests.store.snapshot_world import DAY, T0, make_ids, table

CHANGES = {
    "added": {"x": Int64, "z": Int64},
    "a list added": {"x": Int64, "z": Array(Float32)},
    "removed": {"y": String},
    "renamed": {"x": Int64, "w": String},
    "all new": {"z": Int64},
    "to text": {"x": String, "y": String},
    "to float": {"x": Float64, "y": String},
    "to a list": {"x": Array(Int64), "y": String},
    "to int32": {"x": Int32, "y": String},
    "from text": {"x": Int64, "y": Int64},
}


@pytest.mark.parametrize("change", CHANGES)
def test_rows_from_before_the_change_are_answered_as_by_feast(beside, change):
    answers = []
    for repo in beside():
        repo.put(x=[10, 2**40, 30], y=["a", "b", None])
        repo.apply(x=Int64, y=String).materialize()
        repo.write(user_id=[3], x=[33], y=["c"], at=NOW + HOUR)
        repo.reopen().apply(**CHANGES[change])
        repo.feast.apply([FeatureService(name="all", features=[repo.view])])
        service = repo.feast.get_feature_service("all")
        rows = [{"user_id": i} for i in (1, 2, 3, 9)]
        alone = {name: repo.get([name], (1, 3, 9))[name] for name in CHANGES[change]}
        answers.append((repo.feast.get_online_features(service, rows).to_dict(), alone))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("change", CHANGES)
def test_as_arrays_the_other_features_are_answered(beside, change):
    """Those of a new type too, or an error that names the feature."""
    _, repo = beside()
    repo.put(x=[10, 2**40, 30], y=["a", "b", "c"])
    repo.apply(x=Int64, y=String).materialize()
    repo.reopen().apply(**CHANGES[change])
    for name in CHANGES[change]:
        expected = {"x": [10, 2**40, 30], "y": ["a", "b", "c"]}.get(name, [None] * 3)
        assert repo.arrays([name])[name] == expected


def test_a_materialization_brings_the_new_feature(beside):
    answers = []
    for repo in beside():
        repo.put(x=[10, 20], z=[1, 2])
        repo.apply(x=Int64).materialize()
        repo.apply(x=Int64, z=Int64)
        repo.put(NOW + 2 * HOUR, x=[11, 21], z=[5, 6])
        repo.materialize(NOW + HOUR, NOW + 3 * HOUR)
        answers.append(repo.get(["x", "z"]))
    assert answers[0] == answers[1] == {"x": [11, 21, None], "z": [5, 6, None]}


@pytest.fixture
def changed(make_world):
    """A snapshot of two rows, a pushed one over the second and another beside it; then ``later`` is added."""
    world, ids = make_world(), make_ids(4)
    world.write(table(ids[:2]))
    rows = [(entity_key(key), row_of(9), T0 + DAY, None) for key in ids[1:3]]
    world.online.online_write_batch(world.feast.config, world.view, rows, None)
    world.view.features.append(Field(name="later", dtype=Int64))
    return world, ids


def test_a_feature_added_to_a_view_of_snapshots(changed):
    world, ids = changed
    keys = [entity_key(key) for key in ids]
    found = world.online.online_read(world.feast.config, world.view, keys, ["size", "later"])
    values = [None if row is None else sorted(row) for _, row in found]
    assert values == [["size"], ["size"], ["size"], None]
    rows = world.read(ids, ["size", "later"])
    assert rows.found.tolist() == [True, True, True, False]
    assert rows.arrays["later"].to_pylist() == [None] * 4
    assert rows.arrays["size"].tolist() == [2**60 + 1, 9, 9, 0]


def test_the_next_snapshot_brings_it_and_later_pushes_stay(changed):
    world, ids = changed
    world.write(table(ids[:2], 0.5, later=pa.array([5, 6])))
    assert world.read(ids, ["later"]).arrays["later"].to_pylist() == [5, None, None, None]
    assert world.read(ids, ["size"]).arrays["size"].tolist() == [2**60 + 1, 9, 9, 0]
    row = (entity_key(ids[1]), row_of(8) | {"later": row_of(8)["size"]}, T0 + 2 * DAY, None)
    world.online.online_write_batch(world.feast.config, world.view, [row], None)
    assert world.read(ids[:2], ["later"]).arrays["later"].tolist() == [5, 8]


def test_rows_of_two_types_in_one_array(make_world):
    """Only the feature whose rows no one array holds is an error, which names it; the rest is answered."""
    world, ids = make_world(), make_ids(3)
    world.write(table(ids))
    row = row_of(1) | {"name": row_of(1)["size"], "size": row_of(1)["name"], "vector": row_of(1)["near"]}
    fields = {field.name: field for field in world.view.features}
    for field in fields.values():
        field.tags.clear()
    world.online.online_write_batch(
        world.feast.config, world.view, [(entity_key(ids[0]), row, T0 + DAY, None)], None
    )
    for name in ("name", "size", "vector"):
        with pytest.raises(StoreError, match=f"feature {name} is of more than one type"):
            world.read(ids, [name])
        assert world.read(ids[1:], [name]).found.all()
    assert world.read(ids, ["near"]).arrays["near"].to_pylist()[0] == ["1"]
    keys = [entity_key(key) for key in ids]
    answer = world.online.online_read(world.feast.config, world.view, keys, ["size"])
    assert [row["size"].WhichOneof("val") for _, row in answer] == ["string_val", "int64_val", "int64_val"]


@pytest.mark.parametrize(("stored", "value"), [(pa.float32(), 0.1), (pa.int64(), 1.5)])
def test_a_pushed_number_of_a_wider_type_is_not_rounded(make_world, stored, value):
    """A double over floats, a float over integers."""
    from feast.protos.feast.types.Value_pb2 import Value

    world, ids = make_world(), make_ids(2)
    world.view.features[3].dtype = Float64
    world.write(table(ids, size=pa.array([3, 4], stored)))
    row = row_of(1) | {"size": Value(double_val=value)}
    world.online.online_write_batch(
        world.feast.config, world.view, [(entity_key(ids[0]), row, T0 + DAY, None)], None
    )
    assert world.read(ids, ["size"]).arrays["size"].tolist() == [value, 4]


def test_after_ttl_a_row_without_the_feature_is_expired_too(make_world):
    world, ids = make_world(ttl=timedelta(days=1)), make_ids(2)
    world.write(table(ids))
    world.view.features.append(Field(name="later", dtype=Int64))
    found = world.online.online_read(world.feast.config, world.view, [entity_key(ids[0])], ["later"])
    assert found == [(T0, None)]
    assert world.read(ids, ["later"]).expired.all()


def test_new_features_of_every_shape_become_arrow_columns(make_world):
    """What reads arrays casts them to the declared type."""
    from embedding_features.store.retrieval.refs import online_type
    from embedding_features.store.retrieval.row_arrays import arrow_column

    world, ids = make_world(), make_ids(2)
    world.write(table(ids))
    vector = Field(name="v2", dtype=Array(Float32), tags={"kind": "vector", "dim": "3"})
    for field in (vector, Field(name="t", dtype=Array(String)), Field(name="i", dtype=Int64)):
        world.view.features.append(field)
        rows = world.read([*ids, 5], [field.name])
        column = arrow_column(rows.arrays[field.name], rows.found, online_type(field))
        assert column.to_pylist() == [None] * 3
        assert column.type == online_type(field)
    assert statuses(world.get(ids, ("name",)))
    assert np.array_equal(rows.found, [True, True, False])
