"""Vector search through Feast's API over our stores: each row has its own vector, features and distance."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.types import Array, Float32, Float64, Int32, Int64, String, Uuid

from embedding_features.errors import CompatibilityError, DataError, StoreError
from embedding_features.store import publish, publish_series
from embedding_features.store.marks import marks
from embedding_features.store.materialization import materialize
from tests.store.builders import make_repo, snapshot
from tests.store.snapshot_world import online_config

DAY, DIM = timedelta(days=1), 6
NOW = datetime.now(UTC).replace(microsecond=0)
US = pa.timestamp("us", tz="UTC")
KEYS = {
    "int64": (Int64, pa.int64(), lambda i: 2**60 + 7 * ((i * 37) % 1009)),
    "int32": (Int32, pa.int32(), lambda i: (i * 37) % 1009 - 500),
    "string": (String, pa.string(), lambda i: f"é{(i * 37) % 1009}"),
    "uuid": (Uuid, pa.string(), lambda i: str(uuid.UUID(int=(i * 37) % 1009))),
}
METRICS = {
    "L2": "l2",
    "cosine": "cosine",
    "dot": "dot",
    "inner_product": "dot",
    "IP": "dot",
    "COSINE": "cosine",
}


class World:
    """A repository with one view of vectors, as snapshots or row by row."""

    def __init__(
        self, root, kind, redis, *, keys="int64", snapshots=True, metric=None, ttl=None, dtype=Float32,
        length=DIM, vector_index=True, name="w",
    ):  # fmt: skip
        self.root, (key, self.arrow, self.id_of) = root, KEYS[keys]
        root.mkdir(parents=True, exist_ok=True)
        self.float = pa.float32() if dtype == Float32 else pa.float64()
        config = RepoConfig(
            project=name,
            provider="local",
            registry=str(root / "registry.db"),
            offline_store={"type": "duckdb"},
            online_store=online_config(kind, root, redis),
            batch_engine={"type": "embedding_features.store.engine.ArrowEngine"},
            entity_key_serialization_version=3,
            repo_path=root,
        )
        self.feast = FeatureStore(config=config)
        entity = Entity(name="item", join_keys=["item_id"], value_type=key.to_value_type())
        vector = Field(
            name="vector",
            dtype=Array(dtype),
            vector_index=vector_index,
            vector_length=length if vector_index else 0,
            vector_search_metric=metric,
        )
        schema = [Field(name="item_id", dtype=key), vector, Field(name="name", dtype=String)]
        source = FileSource(path=str(root / "*.parquet"), timestamp_field="event_timestamp")
        pq.write_table(self.table([0], np.zeros((1, DIM)), NOW - 3000 * DAY), root / "first.parquet")
        tags = marks({"space": "s"}) if snapshots else {}
        view = FeatureView(name="emb", entities=[entity], ttl=ttl, schema=schema, source=source, tags=tags)
        self.feast.apply([entity, view])
        self.view = self.feast.get_feature_view("emb")
        self.online = self.feast._get_provider().online_store
        self.files = 0

    def table(self, numbers, vectors, moment):
        return pa.table(
            {
                "item_id": pa.array([self.id_of(i) for i in numbers], self.arrow),
                "vector": pa.array([v.tolist() for v in vectors], pa.list_(self.float)),
                "name": pa.array([f"name {i}" for i in numbers]),
                "event_timestamp": pa.array([moment] * len(numbers), US),
            }
        )

    def materialize(self, numbers, vectors, moment):
        self.files += 1
        pq.write_table(self.table(numbers, vectors, moment), self.root / f"{self.files}.parquet")
        self.feast.materialize(moment - timedelta(seconds=1), moment + timedelta(seconds=1), ["emb"])

    def push(self, numbers, vectors, moment):
        self.feast.write_to_online_store("emb", self.table(numbers, vectors, moment).to_pandas())

    def search(self, query, k, metric="L2", features=("vector", "name")):
        return self.feast.retrieve_online_documents_v2(
            features=[f"emb:{name}" for name in features],
            query=[float(x) for x in query],
            top_k=k,
            distance_metric=metric,
        ).to_dict()


@pytest.fixture(params=["snapshot", "redis"])
def make_world(request, tmp_path):
    redis = request.getfixturevalue("redis_address") if request.param == "redis" else None

    def make(name="w", **settings):
        return World(tmp_path / name, request.param, redis, name=name, **settings)

    return make


def random(n, seed=0, dim=DIM):
    return np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)


def distances(vectors, query, metric):
    """[n] float64, by brute force."""
    vectors, query = np.asarray(vectors, np.float64), np.asarray(query, np.float64)
    if metric == "l2":
        return np.sqrt(((vectors - query) ** 2).sum(axis=1))
    if metric == "dot":
        return -(vectors * query).sum(axis=1)
    lengths = np.sqrt((vectors**2).sum(axis=1)) * np.sqrt((query**2).sum())
    return 1 - (vectors * query).sum(axis=1) / np.where(lengths > 0, lengths, 1)


def check(world, rows, query, k, metric="L2"):
    """The answer is the k nearest of ``rows`` (number → vector), each with its own values, nearest first."""
    got = world.search(query, k, metric)
    numbers = list(rows)
    expected = distances([rows[i] for i in numbers], query, METRICS[metric])
    ids = [world.id_of(i) for i in numbers]
    order = sorted(range(len(numbers)), key=lambda at: (expected[at], ids[at]))[:k]
    assert [str(i) for i in got["item_id"]] == [str(ids[at]) for at in order]
    np.testing.assert_allclose(got["distance"], expected[order], rtol=1e-6, atol=1e-6)
    assert got["name"] == [f"name {numbers[at]}" for at in order]
    assert np.array_equal(np.array(got["vector"], np.float32), [rows[numbers[at]] for at in order])
    assert got["distance"] == sorted(got["distance"])


@pytest.mark.parametrize("keys", list(KEYS))
@pytest.mark.parametrize("snapshots", [True, False])
def test_every_row_carries_its_own_id_vector_and_distance(make_world, keys, snapshots):
    world, vectors = make_world(keys=keys, snapshots=snapshots), random(300)
    world.materialize(range(300), vectors, NOW - DAY)
    rows = dict(enumerate(vectors))
    for seed, query in enumerate(random(60, 1)):
        check(world, rows, query, [1, 5, 40][seed % 3], list(METRICS)[seed % len(METRICS)])


@pytest.mark.parametrize("snapshots", [True, False])
def test_top_k_beyond_the_table_gives_all_of_it(make_world, snapshots):
    world, vectors = make_world(snapshots=snapshots), random(7)
    world.materialize(range(7), vectors, NOW - DAY)
    for k in (6, 7, 8, 1000):
        check(world, dict(enumerate(vectors)), random(1, 2)[0], k)


def test_nothing_online_is_an_empty_answer(make_world):
    world = make_world()
    assert world.search(random(1)[0], 3) == {"vector": [], "name": [], "distance": []}


def test_equal_vectors_come_by_id(make_world):
    world, vectors = make_world(), np.ones((50, DIM), np.float32)
    world.materialize(range(50), vectors, NOW - DAY)
    world.push([60, 61], vectors[:2], NOW - DAY / 2)
    rows = {**dict(enumerate(vectors)), 60: vectors[0], 61: vectors[1]}
    for metric in METRICS:
        for k in (1, 10, 52):
            check(world, rows, vectors[0] * 2, k, metric)


def test_a_vector_of_length_zero(make_world):
    world, vectors = make_world(), random(20)
    vectors[3] = 0
    world.materialize(range(20), vectors, NOW - DAY)
    for metric in METRICS:
        check(world, dict(enumerate(vectors)), vectors[4], 20, metric)
        check(world, dict(enumerate(vectors)), vectors[3], 20, metric)


@pytest.mark.parametrize("keys", ["int64", "string", "uuid"])
def test_pushes_and_snapshots_are_searched_as_of_now(make_world, keys):
    world, vectors = make_world(keys=keys), random(90)
    rows, query = dict(enumerate(vectors[:30])), random(1, 3)[0]
    world.materialize(range(30), vectors[:30], NOW - 5 * DAY)
    check(world, rows, query, 10)
    rows |= {i: vectors[i + 30] for i in (2, 3, 40)}  # two of the snapshot, and a new one
    world.push([2, 3, 40], [vectors[32], vectors[33], vectors[70]], NOW - 4 * DAY)
    check(world, rows, query, 33)
    world.push([2, 41], [query, query], NOW - 3 * DAY)
    rows |= {2: query, 41: query}
    check(world, rows, query, 3)
    world.push([2], [vectors[80]], NOW - 6 * DAY)  # older than what is served: passed over
    check(world, rows, query, 3)
    world.materialize(range(5, 20), vectors[60:75], NOW - 3.5 * DAY)  # 0..4 are gone, 2 and 41 pushed later
    rows = {i: vectors[60 + i - 5] for i in range(5, 20)} | {2: query, 41: query}
    check(world, rows, query, 40)
    world.materialize([7, 8], vectors[:2], NOW - DAY)
    check(world, {7: vectors[0], 8: vectors[1]}, query, 40)


def test_two_stores_of_one_repository_see_the_same(make_world):
    one, other, vectors = make_world(), make_world(), random(20)
    query = random(1, 5)[0]
    one.materialize(range(10), vectors[:10], NOW - 3 * DAY)
    check(other, dict(enumerate(vectors[:10])), query, 5)
    one.push([3, 11], [query, vectors[11]], NOW - 2 * DAY)
    check(other, {**dict(enumerate(vectors[:10])), 3: query, 11: vectors[11]}, query, 20)
    one.materialize([15, 16], vectors[15:17], NOW - DAY)
    check(other, {15: vectors[15], 16: vectors[16]}, query, 20)


def test_a_search_meets_one_snapshot_whole(make_world):
    """While another thread switches snapshots, each answer is the whole answer of one of them."""
    world, query, vectors = make_world(), random(1, 7)[0], [random(60, seed) for seed in range(12)]
    world.materialize(range(60), vectors[0], NOW - 100 * DAY)
    answers = []
    for turn, each in enumerate(vectors):
        expected = distances(each, query, "l2")
        order = sorted(range(60), key=lambda i, d=expected: d[i])[:9]
        answers.append(([f"name {i + 60 * turn}" for i in order], expected[order]))

    def switch():
        for turn in range(1, 12):
            rows = world.table(range(60), vectors[turn], NOW - (100 - turn) * DAY)
            names = pa.array([f"name {i + 60 * turn}" for i in range(60)])
            world.online.write_table(world.feast.config, world.view, rows.set_column(2, "name", names))

    with ThreadPoolExecutor(1) as pool:
        done, met = pool.submit(switch), set()
        while not done.done() or 11 not in met:
            got = world.search(query, 9)
            turn = int(got["name"][0].removeprefix("name ")) // 60
            met.add(turn)
            assert got["name"] == answers[turn][0]
            np.testing.assert_allclose(got["distance"], answers[turn][1], rtol=1e-6)
        done.result()


def test_expired_rows_are_not_found(make_world):
    world, vectors, query = make_world(ttl=2 * DAY), random(20), random(1, 6)[0]
    world.materialize(range(10), vectors[:10], NOW - 3 * DAY)
    assert world.search(query, 5)["distance"] == []
    world.push([0, 15], [vectors[10], vectors[15]], NOW - 2.5 * DAY)
    assert world.search(query, 5)["distance"] == []
    world.push([1, 16], [vectors[11], vectors[16]], NOW - DAY)
    check(world, {1: vectors[11], 16: vectors[16]}, query, 5)
    world.materialize(range(5), vectors[:5], NOW - DAY / 2)
    check(world, dict(enumerate(vectors[:5])), query, 50)


def test_rows_without_a_vector_are_not_found(make_world):
    """A null list is a row, but none to be found; pushed over a snapshot's row, it hides that."""
    world, vectors, query = make_world(snapshots=False), random(6), random(1, 10)[0]
    rows = world.table(range(6), vectors, NOW - DAY)
    nulls = pa.array([None, *rows["vector"].to_pylist()[1:]], rows["vector"].type)
    pq.write_table(rows.set_column(1, "vector", nulls), world.root / "1.parquet")
    world.feast.materialize(NOW - 2 * DAY, NOW, ["emb"])
    check(world, {i: vectors[i] for i in range(1, 6)}, query, 9)
    world.push([0], vectors[:1], NOW)
    check(world, dict(enumerate(vectors)), query, 9)


def test_a_feature_gained_is_searched_where_rows_have_it(make_world):
    world, vectors = make_world(), random(5)
    world.materialize(range(5), vectors, NOW - 2 * DAY)
    entity = world.feast.get_entity("item")
    other = Field(name="other", dtype=Array(Float32), vector_index=True, vector_length=DIM)
    schema = [*(f for f in world.view.schema if f.name != "vector"), other]
    view = FeatureView(
        name="emb", entities=[entity], ttl=None, schema=schema, source=world.view.batch_source,
        tags=marks({"space": "s"}),
    )  # fmt: skip
    world.feast.apply([entity, view])
    assert world.search(vectors[0], 3, features=["name"])["distance"] == []
    rows = world.table([1, 7], vectors[:2], NOW - DAY).rename_columns(
        ["item_id", "other", "name", "event_timestamp"]
    )
    world.feast.write_to_online_store("emb", rows.to_pandas())
    got = world.search(vectors[0], 3, features=["name"])
    assert got["name"] == ["name 1", "name 7"]
    np.testing.assert_allclose(got["distance"], distances(vectors[:2], vectors[0], "l2"), rtol=1e-6)


def test_a_removed_view_is_not_searched(make_world):
    world, vectors = make_world(), random(5)
    world.materialize(range(5), vectors, NOW - DAY)
    world.search(vectors[0], 2)
    world.online.update(world.feast.config, [world.view], [], [], [], partial=True)
    with pytest.raises(StoreError, match="nothing is online"):
        world.search(vectors[0], 2)


def test_only_what_was_asked_for_is_given(make_world):
    world, vectors = make_world(), random(9)
    world.materialize(range(9), vectors, NOW - DAY)
    assert set(world.search(vectors[0], 2, features=["name"])) == {"name", "distance", "item_id"}
    assert world.search(vectors[4], 1, features=["name"])["name"] == ["name 4"]
    got = world.search(vectors[4], 1, features=["item_id", "distance"])
    assert got["item_id"] == [world.id_of(4)]
    assert got["distance"] == [0]
    with pytest.raises(StoreError, match="no feature nam"):
        world.search(vectors[0], 2, features=["nam"])


def test_the_first_way_gives_key_vector_and_distance(make_world):
    world, vectors, query = make_world(), random(40), random(1, 8)[0]
    world.materialize(range(40), vectors, NOW - DAY)
    for metric, name in METRICS.items():
        got = world.feast.retrieve_online_documents(
            query=query.tolist(), top_k=7, features=["emb:vector", "emb:item_id", "emb:distance"],
            distance_metric=metric,
        ).to_dict()  # fmt: skip
        expected = distances(vectors, query, name)
        order = np.argsort(expected, kind="stable")[:7]
        assert got["item_id"] == [world.id_of(i) for i in order]
        np.testing.assert_allclose(got["distance"], expected[order], rtol=1e-6)
        assert np.array_equal(np.array(got["vector"], np.float32), vectors[order])


def test_the_store_itself_pairs_rows_rightly(make_world):
    world, vectors, query = make_world(), random(40), random(1, 8)[0]
    world.materialize(range(40), vectors, NOW - DAY)
    number = {world.id_of(i): i for i in range(40)}
    arguments = (world.feast.config, world.view, ["vector"], query.tolist(), 9, "L2")
    for event, key, values in world.online.retrieve_online_documents_v2(*arguments):
        found = dict(zip(key.join_keys, key.entity_values, strict=True))
        i = number[found["item_id"].int64_val]
        assert event == NOW - DAY
        assert np.array_equal(np.array(values["vector"].float_list_val.val, np.float32), vectors[i])
        assert values["distance"].double_val == pytest.approx(distances(vectors, query, "l2")[i])
    for _, key, _, vector, distance in world.online.retrieve_online_documents(*arguments):
        i = number[key.entity_values[0].int64_val]
        assert np.array_equal(np.array(vector.float_list_val.val, np.float32), vectors[i])
        assert distance.double_val == pytest.approx(distances(vectors, query, "l2")[i])


def test_the_declared_metric_holds(make_world):
    world, vectors, query = make_world(metric="cosine"), random(30), random(1, 9)[0]
    world.materialize(range(30), vectors, NOW - DAY)
    check(world, dict(enumerate(vectors)), query, 5, "cosine")
    got = world.feast.retrieve_online_documents_v2(features=["emb:name"], query=query.tolist(), top_k=3)
    expected = np.sort(distances(vectors, query, "cosine"))[:3]
    np.testing.assert_allclose(got.to_dict()["distance"], expected, rtol=1e-6)
    with pytest.raises(CompatibilityError, match='pass distance_metric="cosine"'):
        world.feast.retrieve_online_documents(query=query.tolist(), top_k=3, features=["emb:vector"])


def test_float64_vectors(make_world):
    world, vectors = make_world(dtype=Float64), random(100).astype(np.float64) * 1.000001
    world.materialize(range(100), vectors, NOW - DAY)
    got = world.search(vectors[5], 100)
    expected = np.sort(distances(vectors, vectors[5], "l2"))
    np.testing.assert_allclose(got["distance"], expected, rtol=1e-12, atol=1e-15)
    assert got["vector"][0] == vectors[5].tolist()


BAD = {
    "dim": ([1.0] * (DIM - 1), 3, {}, CompatibilityError, "dim 5, the vectors of vector have 6"),
    "no dim": ([], 3, {}, CompatibilityError, "dim 0"),
    "nan": ([1.0] * (DIM - 1) + [float("nan")], 3, {}, DataError, "NaN"),
    "infinity": ([1.0] * (DIM - 1) + [float("-inf")], 3, {}, DataError, "infinity"),
    "beyond float32": ([1.0] * (DIM - 1) + [1e39], 3, {}, DataError, "beyond float32"),
    "nested": ([[1.0] * DIM], 3, {}, DataError, "one list of floats"),
    "ragged": ([[1.0], [1.0, 2.0]], 3, {}, DataError, "one list of floats"),
    "words": (["a"] * DIM, 3, {}, DataError, "one list of floats"),
    "null": ([None] * DIM, 3, {}, DataError, "one list of floats"),
    "booleans": ([True] * DIM, 3, {}, DataError, "one list of floats"),
    "no rows": ([1.0] * DIM, 0, {}, DataError, "top_k = 0"),
    "half a row": ([1.0] * DIM, 1.5, {}, DataError, r"top_k = 1\.5"),
    "text": (None, 3, {"query_string": "shoes"}, StoreError, "does not search by text"),
    "text beside": ([1.0] * DIM, 3, {"query_string": "shoes"}, StoreError, "does not search by text"),
    "filters": ([1.0] * DIM, 3, {"filters": {"a": 1}}, StoreError, "does not filter"),
    "l1": ([1.0] * DIM, 3, {"distance_metric": "L1"}, StoreError, "unknown metric 'L1'"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_a_wrong_query_is_named(make_world, case):
    query, k, more, error, said = BAD[case]
    world = make_world()
    world.materialize(range(5), random(5), NOW - DAY)
    with pytest.raises(error, match=said):
        world.feast.retrieve_online_documents_v2(features=["emb:name"], query=query, top_k=k, **more)


def test_a_wrong_dim_is_named_where_none_is_declared(make_world):
    world = make_world(length=0)
    world.push([1], random(1, dim=4), NOW - DAY)
    with pytest.raises(CompatibilityError, match="dim 6, the vectors of vector of view emb have 4"):
        world.search(random(1)[0], 3)
    world = make_world("other", length=0)
    world.materialize(range(5), random(5, dim=4), NOW - DAY)
    with pytest.raises(CompatibilityError, match="dim 6, the vectors of vector of view emb have 4"):
        world.search(random(1)[0], 3)
    assert len(world.search(random(1, dim=4)[0], 3)["distance"]) == 3


def test_a_view_without_vectors_is_named(make_world):
    world = make_world(vector_index=False)
    with pytest.raises(StoreError, match="not one feature of vectors"):
        world.search(random(1)[0], 3)
    with pytest.raises(StoreError, match="no feature with vector_index=True"):
        world.feast.retrieve_online_documents(query=[1.0] * DIM, top_k=3, features=["emb:vector"])


def test_joint_keys_by_rows(make_world):
    world, vectors, names = make_world(snapshots=False), random(30), ("item_id", "user_id")
    pairs = [(i % 5, f"u{i}") for i in range(30)]
    entities = [
        EntityKey(join_keys=names, entity_values=[Value(int64_val=a), Value(string_val=b)]) for a, b in pairs
    ]
    data = []
    for entity, vector, pair in zip(entities, vectors, pairs, strict=True):
        value = Value(string_val=str(pair))
        numbers = Value()
        numbers.float_list_val.val.extend(vector.tolist())
        data.append((entity, {"vector": numbers, "name": value}, NOW - DAY, None))
    world.online.online_write_batch(world.feast.config, world.view, data, None)
    for query in random(10, 4):
        got = world.search(query, 8)
        expected = distances(vectors, query, "l2")
        order = np.argsort(expected)[:8]
        assert got["name"] == [str(pairs[i]) for i in order]
        assert list(zip(got["item_id"], got["user_id"], strict=True)) == [pairs[i] for i in order]
        np.testing.assert_allclose(got["distance"], expected[order], rtol=1e-6)


@pytest.mark.parametrize("kind", ["snapshot", "redis"])
def test_published_vectors_are_compared_by_their_manifest(kind, tmp_path, request):
    """Through publish and materialize: metric and dim are the manifest's, each version is its own."""
    redis = request.getfixturevalue("redis_address") if kind == "redis" else ""
    repo = make_repo(tmp_path / "repo", redis=redis)
    made = [snapshot(tmp_path / "runs", day, counts=(20, 30 - day)) for day in (0, 7)]
    publish(made[0], repo)
    materialize(repo)
    publish_series(made[1:], repo)
    materialize(repo)
    feast = FeatureStore(repo_path=str(repo))
    for version, run in zip(("@v1", "@v2"), made, strict=True):
        table = run.vectors("item")
        query = run.vectors("user").vectors[0]
        got = feast.retrieve_online_documents_v2(
            features=[f"spectral_item_vector{version}:vector"], query=query.tolist(), top_k=5
        ).to_dict()
        expected = distances(table.vectors, query, "dot")
        order = np.argsort(expected, kind="stable")[:5]
        assert got["item_id"] == table.ids.take(pa.array(order)).to_pylist()
        np.testing.assert_allclose(got["distance"], expected[order], rtol=1e-5)
    with pytest.raises(CompatibilityError, match="dim 5"):
        feast.retrieve_online_documents_v2(features=["spectral_item_vector:vector"], query=[1.0] * 5, top_k=5)
