"""Asynchronous reads and writes: the same answers and errors, and nobody waits for one that is slow."""

import asyncio
import threading
from datetime import timedelta

import pandas as pd
import pyarrow as pa
import pytest
from feast.data_source import PushMode
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus
from feast.types import Array, Float32, Int64

from embedding_features.errors import StoreError
from embedding_features.testing.online_store.rows import entity_key, statuses
from embedding_features.testing.online_store.rows import numbered_values as row_of
from tests.store.beside import HOUR, NOW
from tests.store.snapshot_world import T0, make_ids, table

ROWS = [{"user_id": i} for i in (1, 2, 9)]


@pytest.fixture
def both(beside):
    for repo in (repos := beside()):
        repo.put(x=[10, 20], y=[1, 2], tags=pa.array([[1.0], None], pa.list_(pa.float32())))
        repo.apply(x=Int64, tags=Array(Float32)).apply(name="w", y=Int64).apply(x=Int64, tags=Array(Float32))
        repo.materialize()
    return repos


def later(repo, **columns):
    return pd.DataFrame(
        {"user_id": [2, 3], "event_timestamp": [NOW + HOUR] * 2, "tags": [[2.0]] * 2, **columns}
    )


def test_reads_answer_as_feasts(both):
    """Feast's sqlite has none; there the answer is its own, read the other way."""
    answers = []
    for repo in both:
        refs = ["v:x", "v:tags"]
        supported = repo.online.async_supported.read
        assert supported or not repo.ours
        if supported:
            answers.append(asyncio.run(repo.feast.get_online_features_async(refs, ROWS)).to_dict())
        answers.append(repo.feast.get_online_features(refs, ROWS).to_dict())
    assert all(answer == answers[0] for answer in answers)


def test_writes_and_pushes(both):
    _, repo = both
    assert repo.online.async_supported.write
    asyncio.run(repo.feast.write_to_online_store_async("v", later(repo, x=[21, 31])))
    assert repo.get(["x", "tags"]) == {"x": [10, 21, 31], "tags": [[1.0], [2.0], [2.0]]}
    frame = later(repo, x=[22, 32]).assign(event_timestamp=NOW + 2 * HOUR)
    asyncio.run(repo.feast.push_async("new v", frame, to=PushMode.ONLINE))
    assert repo.get(["x"])["x"] == [10, 22, 32]
    assert repo.reopen().get(["x"])["x"] == [10, 22, 32]


def test_of_one_connection_and_many_at_once(both):
    """Reads of several views in one call, and several calls beside a write."""
    _, repo = both

    async def work():
        await repo.feast.initialize()
        reads = [repo.feast.get_online_features_async(["v:x", "w:y"], ROWS) for _ in range(20)]
        *answers, _ = await asyncio.gather(
            *reads, repo.feast.write_to_online_store_async("v", later(repo, x=[21, 31]))
        )
        await repo.feast.close()
        return [answer.to_dict()["x"] for answer in answers]

    assert all(x in ([10, 20, None], [10, 21, None]) for x in asyncio.run(work()))
    assert asyncio.run(repo.feast.get_online_features_async(["v:x"], ROWS)).to_dict()["x"] == [10, 21, None]


def test_it_works_again_after_close(both):
    _, repo = both
    for _ in range(2):
        asyncio.run(repo.feast.close())
        assert repo.get(["x"])["x"] == [10, 20, None]


def test_the_loop_goes_on_while_a_read_waits(both, monkeypatch):
    _, repo = both
    free, read = threading.Event(), type(repo.online).online_read
    monkeypatch.setattr(
        type(repo.online), "online_read", lambda *arguments: free.wait(60) and read(*arguments)
    )

    async def work():
        waiting = asyncio.create_task(repo.feast.get_online_features_async(["v:x"], ROWS))
        await asyncio.sleep(0)
        assert not waiting.done()
        free.set()  # who could not come here would have waited for it in vain
        return (await waiting).to_dict()["x"]

    assert asyncio.run(work()) == [10, 20, None]


def test_errors_are_the_same(both):
    _, repo = both
    repo.online.update(repo.feast.config, [repo.view], [], [], [], partial=True)
    with pytest.raises(StoreError, match="nothing is online"):
        asyncio.run(repo.feast.get_online_features_async(["v:x"], ROWS))
    with pytest.raises(StoreError, match="nothing is online"):
        asyncio.run(repo.feast.write_to_online_store_async("v", later(repo, x=[1, 2])))


def test_statuses_and_large_integers(make_world):
    world, ids = make_world(ttl=timedelta(days=1)), make_ids(2)
    world.write(table(ids))
    rows = [{"item_id": i} for i in (*ids, 5)]

    def got():
        return asyncio.run(world.feast.get_online_features_async(["emb:name", "emb:size"], rows))

    assert statuses(got()) == [FieldStatus.OUTSIDE_MAX_AGE] * 2 + [FieldStatus.NOT_FOUND]
    world.view.ttl = None
    world.feast.apply([world.view])
    assert statuses(got()) == [FieldStatus.PRESENT] * 2 + [FieldStatus.NOT_FOUND]
    assert got().to_df()["size"].tolist()[:2] == [2**60 + 1, 2**60 + 2]


def test_what_feast_calls_by_itself(make_world):
    world, ids = make_world(), make_ids(2)
    store, config, done = world.online, world.feast.config, []
    data = [(entity_key(ids[0]), row_of(7), T0, None)]
    asyncio.run(store.online_write_batch_async(config, world.view, data, done.append))
    assert done == [1]
    keys = [entity_key(key) for key in ids]
    found = asyncio.run(store.online_read_async(config, world.view, keys, ["size", "name"]))
    assert found == store.online_read(config, world.view, keys, ["size", "name"])
    assert asyncio.run(store.online_read_async(config, world.view, keys))[0][1].keys() == row_of(7).keys()
