"""The client of a service: the values of the store, recall of what is served, and a plan that follows."""

import re
import runpy
import threading

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from feast import FeatureService, FeatureStore

import embedding_features as ef
from embedding_features.errors import CompatibilityError, DataError, StoreError
from embedding_features.recall import HNSW, Queries
from embedding_features.store import apply, historical, materialize, online, publish
from tests.paths import ROOT
from tests.store.builders import DAY, frame, ids_of, make_repo, snapshot

VECTOR = "spectral_user_vector"


def deployed(root, stock=False, redis="", **options):
    repo = make_repo(root / "repo", stock, redis)
    run = publish(snapshot(root / "runs", **options), repo)
    materialize(repo)
    return repo, run


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A repository with one run online, which tests only read."""
    return deployed(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def client(served):
    with ef.EmbeddingFeatures(served[0]) as client:
        yield client


@pytest.mark.parametrize("kind", ["ours", "stock", "redis"])
@pytest.mark.parametrize("id_type", ["int64", "string"])
def test_it_reads_what_the_store_and_feast_read(tmp_path, request, kind, id_type):
    address = request.getfixturevalue("redis_address") if kind == "redis" else ""
    repo, _ = deployed(tmp_path, kind == "stock", address, id_type=id_type)
    ids = pa.table({"user_id": ids_of("user", 25, id_type), "item_id": ids_of("item", 25, id_type)})
    table = online(repo, ids, "ranking_all")
    feast = FeatureStore(repo_path=str(repo))
    answer = feast.get_online_features(
        feast.get_feature_service("ranking_all"), ids.to_pylist(), full_feature_names=True
    ).to_dict()
    with ef.EmbeddingFeatures(repo) as client:
        found = client.online({name: ids[name].combine_chunks() for name in ids.column_names}, "ranking_all")
    assert sum(len(rows.arrays) for rows in found.values()) == table.num_columns - 2
    for view, rows in found.items():
        count = 20 if "user" in view else 25
        assert rows.found.tolist() == [i < count for i in range(25)]
        assert not rows.expired.any()
        for feature, values in rows.arrays.items():
            shown = [v if there else None for v, there in zip(values.tolist(), rows.found, strict=True)]
            assert shown == table[f"{view}__{feature}"].to_pylist()
            assert shown[:count] == answer[f"{view}@v1__{feature}"][:count]


def test_arrays_are_ready_for_torch(client, served):
    ids = ids_of("user", 21)
    rows = client.online(ids.to_numpy(), [VECTOR])[VECTOR]
    vectors = torch.from_numpy(rows.arrays["vector"])
    assert (vectors.shape, vectors.dtype) == ((21, 4), torch.float32)
    assert torch.isnan(vectors[20]).all()
    assert (vectors[:20].numpy() == served[1].snapshot.vectors("user").vectors).all()
    assert client.online(ids.to_pylist()[:0], [VECTOR])[VECTOR].arrays["vector"].shape == (0, 4)


def test_training_rows_are_those_of_historical(client, served):
    rows = frame([(0, 1, 1.0), (3, 2, -1.0), (30, 2, 9.0)])
    assert client.historical(rows, "ranking_all").equals(historical(served[0], rows, "ranking_all"))
    same = client.historical(frame([(0, 1, 0.0)]), [VECTOR], strict=False)
    assert same[f"{VECTOR}__vector"].null_count == 0


@pytest.mark.parametrize(
    ("ids", "features", "error", "said"),
    [
        ([1], "no_service", StoreError, "no_service"),
        ([1], ["no_view"], StoreError, "no_view"),
        ([1], [f"{VECTOR}:nothing"], StoreError, "no feature"),
        ([1], [f"{VECTOR}@v9"], StoreError, "v9"),
        (["a"], [VECTOR], DataError, "ids of type"),
        ([1.0], [VECTOR], DataError, "ids of type"),
        (pa.array([1, None]), [VECTOR], DataError, "null"),
        ([1], "ranking_dense", DataError, "item_id, user_id"),
        ({"user_id": [1]}, "ranking_dense", DataError, "no ids of item_id"),
    ],
)
def test_what_is_not_there_is_named(client, ids, features, error, said):
    with pytest.raises(error, match=said):
        client.online(ids, features)


@pytest.mark.parametrize("ids", [["a"], [1.0], pa.array([1, None])])
def test_wrong_ids_are_named_over_stock_stores_too(tmp_path, ids):
    repo = make_repo(tmp_path / "repo", stock=True)
    publish(snapshot(tmp_path / "runs"), repo)
    with ef.EmbeddingFeatures(repo) as client, pytest.raises(DataError, match=r"null|user_id is"):
        client.online(ids, [VECTOR])


def test_a_view_that_is_not_online_is_named(tmp_path):
    repo = make_repo(tmp_path / "repo")
    with pytest.raises(StoreError, match="nothing is applied"):
        ef.EmbeddingFeatures(repo)
    publish(snapshot(tmp_path / "runs"), repo)
    client = ef.EmbeddingFeatures(repo)
    with pytest.raises(StoreError, match="materialize"):
        client.online([1], [VECTOR])


@pytest.mark.parametrize("settings", [None, HNSW(ef_search=64)])
def test_recall_finds_the_nearest_of_the_served_snapshot(served, settings):
    repo, run = served
    users, items = (run.snapshot.vectors(t) for t in ("user", "item"))
    scores = users.vectors @ items.vectors.T
    best = np.argsort(-scores, axis=1)[:, :5]
    ids = items.ids.take(pa.array(best.ravel()))
    with ef.EmbeddingFeatures(repo, index=settings) as client:
        by_id = client.recall(users.ids, 5, "item", by="user")
        assert by_id.ids.equals(ids)
        assert np.allclose(by_id.scores, np.take_along_axis(scores, best, 1))
        for queries in (users.vectors, Queries(run.manifest.space, users.vectors)):
            assert client.recall(queries, 5, "item").ids.equals(ids)
        built = list((repo / "data/recall").glob(f"{run.manifest.run_id}/item-*"))
        assert client.index("item") is client.index("item")
    with ef.EmbeddingFeatures(repo, index=settings) as other:
        assert other.recall(users.ids, 5, "item", by="user").ids.equals(ids)
    assert sorted((repo / "data/recall").glob(f"{run.manifest.run_id}/item-*")) == sorted(built)


def test_recall_filters_and_leaves_out_who_asks(client, served):
    items = served[1].snapshot.vectors("item")
    scores = items.vectors @ items.vectors.T
    np.fill_diagonal(scores, -np.inf)
    best = np.argsort(-scores, axis=1)[:, :4]
    hits = client.recall(items.ids, 4, "item", by="item")
    assert hits.ids.equals(items.ids.take(pa.array(best.ravel())))
    denied = items.ids.take(pa.array(best[:, 0])).to_pylist()
    hits = client.recall(items.ids, 3, "item", by="item", deny=[[d] for d in denied])
    assert hits.ids.equals(items.ids.take(pa.array(best[:, 1:].ravel())))


def test_recall_for_an_unknown_id_is_empty(client):
    ids = ids_of("user", 25).take(pa.array([24, 0])).to_pylist()
    hits = client.recall(ids, 3, "item", by="user")
    assert [len(found) for found in hits.lists().to_pylist()] == [0, 3]
    assert hits.rows[0].tolist() == [-1] * 3
    assert client.recall(pa.array([], pa.int64()), 3, "item", by="user").rows.shape == (0, 3)


def test_domains_are_partitions(served):
    repo, run = served
    items = run.snapshot.vectors("item").ids.to_pylist()
    domains = {"item": {item: "even" if n % 2 == 0 else "odd" for n, item in enumerate(items)}}
    with ef.EmbeddingFeatures(repo, domains=domains) as client:
        hits = client.recall(ids_of("user", 20), 7, "item", by="user", domain="odd")
        assert set(hits.ids.to_pylist()) <= set(items[1::2])
        with pytest.raises(DataError, match="partition"):
            client.recall(ids_of("user", 20), 7, "item", by="user", domain="third")


@pytest.mark.parametrize(
    ("ask", "error", "said"),
    [
        (lambda c: c.recall(np.ones((1, 3), np.float32), 2, "item"), CompatibilityError, "dim 3"),
        (
            lambda c: c.recall(np.ones((1, 4), np.float32), 2, "shop"),
            StoreError,
            "one published view of shop",
        ),
        (lambda c: c.recall(["a"], 2, "item", by="user"), DataError, "ids of type"),
        (lambda c: c.recall([1], 2, "item", by="user", service="none"), StoreError, "none"),
        (lambda c: c.recall([1], 2, "item", by="user", service="ranking_discrete"), StoreError, "vectors"),
        (lambda c: c.recall([1], 0, "item", by="user"), DataError, "k = 0"),
    ],
)
def test_a_wrong_recall_is_named(client, ask, error, said):
    with pytest.raises(error, match=said):
        ask(client)


def test_a_pushed_user_is_recalled(tmp_path):
    repo, run = deployed(tmp_path)
    items = run.snapshot.vectors("item")
    vector = items.vectors[7] * 10
    row = {"user_id": [5], "vector": [vector], "event_timestamp": [run.as_of + DAY]}
    feast = FeatureStore(repo_path=str(repo))
    feast.write_to_online_store(VECTOR, pd.DataFrame(row | {"created_timestamp": [run.as_of + DAY]}))
    with ef.EmbeddingFeatures(repo) as client:
        assert client.online([5], [VECTOR])[VECTOR].arrays["vector"].tolist() == [vector.tolist()]
        hits = client.recall([5], 1, "item", by="user")
    assert hits.ids[0].as_py() == items.ids[int(np.argmax(items.vectors @ vector))].as_py()


def test_it_follows_what_is_published(tmp_path):
    """A call sees the new run as soon as it is online; the index of the old one goes, open ones stay."""
    repo, first = deployed(tmp_path)
    with ef.EmbeddingFeatures(repo) as client:
        ids = ids_of("user", 20)
        old = client.index("item")
        client.online(ids, [VECTOR])
        second = publish(snapshot(tmp_path / "runs", 7, space=2, dim=6), repo)
        materialize(repo)
        now = client.online(ids, [VECTOR])[VECTOR].arrays["vector"]
        assert (now == second.snapshot.vectors("user").vectors).all()
        assert client.recall(ids, 3, "item", by="user").rows.shape == (20, 3)
        assert client.index("item").manifest.run_id == second.manifest.run_id
        assert [p.name for p in (repo / "data/recall").glob("[!.]*")] == [second.manifest.run_id]
        assert old.search_ids(old.catalogue.ids, 2).rows.shape == (30, 2)
        assert first.manifest.run_id == old.manifest.run_id


def test_an_index_stays_while_a_service_is_pinned_to_it(tmp_path):
    repo, first = deployed(tmp_path)
    FeatureStore(repo_path=str(repo)).apply(
        [FeatureService(name="production", features=[f"{VECTOR}@v1", "spectral_item_vector@v1"])]
    )
    with ef.EmbeddingFeatures(repo) as client:
        publish(snapshot(tmp_path / "runs", 7), repo)
        materialize(repo)
        ids = ids_of("user", 20)
        runs = [
            client.index("item", service=service).manifest.run_id
            for service in ("production", "ranking_dense", "production")
        ]
        assert runs[0] == runs[2] == first.manifest.run_id != runs[1]
        assert {p.name for p in (repo / "data/recall").glob("[!.]*")} == set(runs)
        vectors = client.online(ids, ["spectral_user_vector@v1"])[VECTOR].arrays["vector"]
        assert (vectors == first.snapshot.vectors("user").vectors).all()


def test_the_page_does_what_it_says(tmp_path, monkeypatch):
    """Every block of docs/howto/client.md, one after the other."""
    repo, run = deployed(tmp_path)
    known = {
        "user_ids": ids_of("user", 20).to_pylist(), "item_ids": ids_of("item", 30).to_pylist(),
        "vectors": run.snapshot.vectors("user").vectors, "frame": frame([(0, 1, 1.0)]),
        "seen": [[1], *[None] * 19],
    }  # fmt: skip
    repo.rename(tmp_path / "feature_repo")
    apply(tmp_path / "feature_repo")
    page = ROOT / "docs/howto/client.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert len(blocks) == 5
    (tmp_path / "page.py").write_text("\n".join(blocks))
    monkeypatch.chdir(tmp_path)
    done = runpy.run_path("page.py", known)
    assert (done["rows"].found.sum(), len(done["table"]), len(done["hits"].lists())) == (20, 1, 20)


def test_threads_agree(served):
    """Twenty threads over a client that has nothing resolved yet."""
    repo, run = served
    users, wanted = run.snapshot.vectors("user"), []
    answers: list[bool] = []
    with ef.EmbeddingFeatures(repo) as client:
        wanted = client.recall(users.ids, 3, "item", by="user").rows
        fresh = ef.EmbeddingFeatures(repo)

        def ask() -> None:
            for _ in range(5):
                rows = fresh.online(users.ids, [VECTOR])[VECTOR]
                hits = fresh.recall(users.ids, 3, "item", by="user")
                answers.append(
                    bool((rows.arrays["vector"] == users.vectors).all() and (hits.rows == wanted).all())
                )

        threads = [threading.Thread(target=ask) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [True] * 100


def test_a_closed_client_says_so(served):
    with ef.EmbeddingFeatures(served[0]) as client:
        client.online([1], [VECTOR])
    with pytest.raises(StoreError, match="closed"):
        client.online([1], [VECTOR])
