"""Histories through the client: tables in, flat arrays out, over a repository whose settings ask for them."""

import re
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from feast import FeatureStore

import embedding_features as ef
from embedding_features.errors import DataError, StoreError
from embedding_features.store import materialize, publish
from embedding_features.store.online_stores.histories.history import PushedEvents
from tests.store.builders import DAY, T0, US, ids_of, make_repo, snapshot
from tests.store.retrieval.test_frames import as_polars

SETTINGS = "events:\n  user: {of: item, keep: 3}\n"
MINUTE = timedelta(minutes=1)


def deployed(root, stock=False, redis="", id_type="int64", settings=SETTINGS):
    repo = make_repo(root / "repo", stock, redis)
    (repo / "embedding_features.yaml").write_text(settings)
    publish(snapshot(root / "runs", id_type=id_type), repo)
    return repo


@pytest.fixture(params=["ours", "redis"])
def address(request):
    """Of Redis, or nothing for the embedded store."""
    return request.getfixturevalue("redis_address") if request.param == "redis" else ""


@pytest.fixture
def client(tmp_path, address):
    with ef.EmbeddingFeatures(deployed(tmp_path, redis=address)) as client:
        yield client


def table(rows, id_type="int64", **replaced):
    """Events (number of the user, of the item, value, minutes after T0)."""
    users, items, values, minutes = zip(*rows, strict=True)
    columns = {
        "user_id": ids_of("user", 1 + max(users), id_type).take(pa.array(users)),
        "item_id": ids_of("item", 1 + max(items), id_type).take(pa.array(items)),
        "value": pa.array(values),
        "event_timestamp": pa.array([T0 + m * MINUTE for m in minutes], US),
    }
    return pa.table({**columns, **replaced})


ROWS = [(0, 1, 1.0, 5), (1, 2, 0.5, 1), (0, 40, -1.0, 2)]  # item 40 is in no snapshot


@pytest.mark.parametrize("id_type", ["int64", "string"])
def test_what_is_pushed_is_read(tmp_path, address, id_type):
    users, items = ids_of("user", 3, id_type), ids_of("item", 41, id_type)
    with ef.EmbeddingFeatures(deployed(tmp_path, redis=address, id_type=id_type)) as client:
        assert client.push_events("user", table(ROWS, id_type)) == PushedEvents(3, 0, 0)
        found = client.events("user", users)
        before = client.events("user", users.to_pylist(), before=T0 + 5 * MINUTE)
        one = client.events("user", users[0].as_py())
    assert found.offsets.tolist() == [0, 2, 3, 3]
    assert found.rows.tolist() == [0, 0, 1]
    assert found.node_ids.equals(items.take(pa.array([40, 1, 2])))
    assert found.values.tolist() == [-1.0, 1.0, 0.5]
    moments = pa.array([T0 + m * MINUTE for m in (2, 5, 1)], US).cast(pa.int64())
    assert found.times.tolist() == moments.to_pylist()
    assert (before.offsets.tolist(), before.values.tolist()) == ([0, 1, 2, 2], [-1.0, 0.5])
    assert one.values.tolist() == [-1.0, 1.0]


def test_a_table_twice_or_in_another_order_or_form_counts_once(client):
    events = table(ROWS)
    assert client.push_events("user", events).added == 3
    for again in (events, events.take(pa.array([2, 0, 1])), events.to_pandas(), as_polars(events)):
        assert client.push_events("user", again) == PushedEvents(0, 3, 0)
    minute_later = table([(0, 1, 1.0, 6)])
    assert client.push_events("user", minute_later).added == 1, "another time is another event"
    assert client.push_events("user", table([(0, 1, 0.0, 6)])).added == 1, "and so is another value"


def test_ids_of_events_are_taken_where_they_are_given(client):
    rows = [(0, 1, 1.0, 5), (0, 2, 1.0, 6)]
    assert client.push_events("user", table(rows, event_id=pa.array([7, 8]))).added == 2
    texts = table([(0, 9, 0.0, 1), (0, 9, 0.0, 9)], event_id=pa.array(["7", "9"]))
    assert client.push_events("user", texts) == PushedEvents(1, 1, 0)
    assert client.events("user", ids_of("user", 1)).values.tolist() == [1.0, 1.0, 0.0]


def test_nanoseconds_are_rounded_up_and_other_units_and_types_are_taken(client):
    moments = pa.array([1_700_000_000_000_000_001], pa.timestamp("ns", "Europe/Paris"))
    client.push_events("user", table([(0, 1, True, 1)], event_timestamp=moments))
    seconds = pa.array([1_600_000_000], pa.timestamp("s", "UTC"))
    client.push_events("user", table([(0, 1, 3, 1)], event_timestamp=seconds))
    found = client.events("user", ids_of("user", 1))
    assert found.times.tolist() == [1_600_000_000_000_000, 1_700_000_000_000_001]
    assert found.values.tolist() == [3.0, 1.0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"value": pa.array([1.0, float("nan"), 1.0])}, "value nan"),
        ({"value": pa.array([1.0, float("-inf"), 1.0])}, "value -inf"),
        ({"value": pa.array([1.0, None, 1.0])}, "null among value"),
        ({"value": pa.array(["a", "b", "c"])}, "value of events is string"),
        ({"user_id": pa.array([1, None, 2])}, "null among user_id"),
        ({"user_id": pa.array(["a", "b", "c"])}, "ids of type string"),
        ({"item_id": pa.array(["a", "b", "c"])}, "node_ids is string"),
        ({"item_id": pa.array([1.0, 2.0, 3.0])}, "ids of type float64"),
        ({"event_timestamp": pa.array([T0] * 3, pa.timestamp("us"))}, "give timestamps with a zone"),
        ({"event_timestamp": pa.array([0, 1, 2], US)}, "not microseconds after 1970"),
        ({"event_timestamp": pa.array([1, 2, 2**62], pa.timestamp("s", "UTC"))}, "event_timestamp of events"),
        ({"event_id": pa.array([1.0, 2.0, 3.0])}, "event_id of events is double"),
        ({"event_id": pa.array(["a", "b", None])}, "null among event_id"),
        ({"event_id": pa.array(["a", "b", "a"])}, "two events with the id a"),
    ],
)
def test_a_bad_event_is_named_and_nothing_is_written(client, change, said):
    client.push_events("user", table([(2, 3, 1.0, 1)]))
    with pytest.raises(DataError, match=re.escape(said)):
        client.push_events("user", table(ROWS, **change))
    assert client.events("user", ids_of("user", 3)).offsets.tolist() == [0, 0, 0, 1]


def test_missing_columns_naive_moments_and_wrong_ids_are_named(client):
    with pytest.raises(DataError, match="without a column item_id, value"):
        client.push_events("user", table(ROWS).drop_columns(["item_id", "value"]))
    with pytest.raises(DataError, match="no zone"):
        client.events("user", [1], before=datetime(2024, 1, 1))
    with pytest.raises(DataError, match="ids of type"):
        client.events("user", ["a"])
    with pytest.raises(StoreError, match=re.escape("events: {item: {of: …}}")):
        client.events("item", [1])
    empty = table(ROWS).slice(0, 0)
    assert client.push_events("user", empty) == PushedEvents()


def test_full_histories_pass_over_what_is_older(client):
    client.push_events("user", table([(0, i, 1.0, 10 + 2 * i) for i in range(3)]))
    assert client.push_events("user", table([(0, 7, 1.0, 1), (0, 8, 1.0, 13)])) == PushedEvents(1, 0, 1)
    assert client.events("user", ids_of("user", 1)).node_ids.equals(
        ids_of("item", 9).take(pa.array([1, 8, 2]))
    )


def test_a_hundred_thousand_events_of_one_user(client):
    n = 100_000
    times = pa.array(np.random.default_rng(0).permutation(n) + 10**15, US)
    row = table([(0, 1, 1.0, 0)])
    events = pa.table(
        {name: pa.array(row[name].to_pylist() * n, row[name].type) for name in row.column_names}
    )
    events = events.set_column(3, "event_timestamp", times)
    assert client.push_events("user", events) == PushedEvents(3, 0, n - 3)
    assert client.events("user", ids_of("user", 1)).times.tolist() == [10**15 + n - 3 + i for i in range(3)]


def test_feast_reads_and_writes_the_same_histories(client):
    client.push_events("user", table(ROWS))
    feast, user = FeatureStore(repo_path=str(client.repo)), ids_of("user", 1)[0].as_py()
    more = {"event_ids": [["x"]], "node_ids": [[5]], "values": [[2.0]], "times": [[10**15]]}
    feast.push("user_events", pd.DataFrame({"user_id": [user], **more, "event_timestamp": [T0]}))
    refs = [f"user_events:{name}" for name in ("node_ids", "values", "times")]
    answer = feast.get_online_features(refs, [{"user_id": user}]).to_dict()
    found = client.events("user", user)
    assert answer["node_ids"] == [found.node_ids.to_pylist()]
    assert answer["values"] == [found.values.tolist()] == [[2.0, -1.0, 1.0]]
    assert answer["times"] == [found.times.tolist()]
    rows = client.online([user, 1], ["user_events"])["user_events"]
    assert rows.found.tolist() == [True, False]
    assert rows.arrays["values"].to_pylist() == [[2.0, -1.0, 1.0], None]


def test_histories_outlive_publications_and_materializations(tmp_path, client):
    client.push_events("user", table(ROWS))
    expected = client.events("user", ids_of("user", 2)).times.tolist()
    materialize(client.repo)
    publish(snapshot(tmp_path / "runs", 7), client.repo)
    materialize(client.repo)
    FeatureStore(repo_path=str(client.repo)).materialize(T0 - DAY, T0 + 9 * DAY)
    assert client.events("user", ids_of("user", 2)).times.tolist() == expected
    with ef.EmbeddingFeatures(client.repo) as other:
        assert other.events("user", ids_of("user", 2)).times.tolist() == expected


def test_feasts_own_store_is_refused(tmp_path):
    repo = deployed(tmp_path, stock=True)
    materialize(repo)
    FeatureStore(repo_path=str(repo)).materialize(T0 - DAY, T0 + DAY)
    with ef.EmbeddingFeatures(repo) as client:
        for work in (lambda: client.push_events("user", table(ROWS)), lambda: client.events("user", [1])):
            with pytest.raises(StoreError, match="replaces the row that it has"):
                work()
