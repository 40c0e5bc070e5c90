"""Rows that lack a column: what Feast does over its own stores is what it does over ours."""

import asyncio

import pandas as pd
import pytest
from feast.protos.feast.types.Value_pb2 import Value
from feast.types import Int64, String

from embedding_features.errors import StoreError
from embedding_features.testing.online_store.rows import entity_key
from tests.store.beside import HOUR, NOW, outcome

LATER = NOW + HOUR
ROW = {"user_id": [1], "x": [11], "y": ["new"], "event_timestamp": [LATER], "created": [LATER]}
LESS = [("created",), ("x",), ("y",), ("x", "y"), ("user_id",), ("event_timestamp",), ("created", "x")]
WAYS = {
    "write": lambda repo, frame: repo.feast.write_to_online_store("v", frame),
    "push": lambda repo, frame: repo.feast.push("new v", frame),
    "inputs": lambda repo, frame: repo.feast.write_to_online_store(
        "v", inputs={name: list(frame[name]) for name in frame}
    ),
}


@pytest.fixture
def both(beside):
    repos = beside()
    for repo in repos:
        repo.put(created=True, x=[10, 20], y=["a", "b"])
        repo.apply(created=True, x=Int64, y=String).materialize()
    return repos


@pytest.mark.parametrize("less", LESS, ids="-".join)
@pytest.mark.parametrize("way", WAYS)
def test_a_frame_without_some_columns(both, way, less):
    frame = pd.DataFrame(ROW).drop(columns=list(less))
    answers = []
    for repo in both:
        said = outcome(lambda r=repo: WAYS[way](r, frame))
        answers.append((said, repo.get(["x", "y"], (1, 2, 9))))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("less", LESS[:4], ids="-".join)
def test_a_frame_without_some_columns_asynchronously(both, less):
    _, repo = both
    frame = pd.DataFrame(ROW).drop(columns=list(less))
    said = [
        outcome(lambda: repo.feast.write_to_online_store("v", frame)),
        outcome(lambda: asyncio.run(repo.feast.write_to_online_store_async("v", frame))),
    ]
    assert said[0] == said[1]


@pytest.mark.parametrize("change", [{"x": [None]}, {"y": [None]}, {"x": [None], "y": [None]}], ids=str)
def test_a_frame_with_nulls(both, change):
    answers = []
    for repo in both:
        said = outcome(lambda r=repo: WAYS["write"](r, pd.DataFrame({**ROW, **change})))
        answers.append((said, repo.get(["x", "y"], (1, 2))))
    assert answers[0] == answers[1]


def test_a_view_without_created_column_and_a_frame_with_more_columns(beside):
    answers = []
    for repo in beside():
        repo.put(x=[10, 20])
        repo.apply(x=Int64).materialize()
        repo.write(user_id=[1], x=[11], z=["not a feature"], at=LATER)
        answers.append(repo.get(["x"], (1, 2)))
    assert answers[0] == answers[1] == {"x": [11, 20]}


def written(view, online, config, **changed):
    values = {"x": Value(int64_val=1), "y": Value(string_val="z")}
    row = {"key": entity_key(1, names=("user_id",)), "values": values, "at": LATER, "created": None} | changed
    online.online_write_batch(config, view, [tuple(row.values())], None)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"values": {"x": Value(int64_val=1)}}, "a row lacks feature y of view v"),
        ({"at": pd.NaT}, "a row of view v has no event time"),
    ],
)
def test_a_row_given_to_the_store_itself(both, changed, said):
    _, repo = both
    with pytest.raises(StoreError, match=said):
        written(repo.view, repo.online, repo.feast.config, **changed)
    assert repo.get(["x", "y"], (1,)) == {"x": [10], "y": ["a"]}


def test_a_row_without_an_id(both):
    _, repo = both
    key = entity_key(1, names=("user_id",))
    key.entity_values[0].Clear()
    with pytest.raises(StoreError, match="a row of view v has null as user_id"):
        written(repo.view, repo.online, repo.feast.config, key=key)


def test_a_row_whose_created_time_is_unknown(both):
    _, repo = both
    written(repo.view, repo.online, repo.feast.config, created=pd.NaT)
    assert repo.get(["x"], (1,)) == {"x": [1]}
