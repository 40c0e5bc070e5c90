"""Materialize: what is online afterwards, and how it heals."""

import shutil
import sqlite3
from contextlib import closing
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast import FeatureStore

from embedding_features.errors import ConfigError, SnapshotError, StoreError
from embedding_features.store import materialize, online, publish, publish_series
from tests.store.builders import DAY, T0, frame, ids_of, make_repo, snapshot, tree

ALL = frame([(i, i, 0) for i in range(35)]).select(["user_id", "item_id"])
TABLE = "embedding_features_spectral_user_vector_v1"


def execute(repo, sql):
    with closing(sqlite3.connect(repo / "data/online_store.db")) as connection, connection:
        return connection.execute(sql).fetchall()


def lose_online(repo):
    shutil.rmtree(repo / "data/online", ignore_errors=True)
    (repo / "data/online_store.db").unlink(missing_ok=True)


def written(done):
    return {f"{m.view}@v{m.version}" for m in done if m.written}


def first_run(root, stock=False, redis=""):
    repo = make_repo(root / "repo", stock=stock, redis=redis)
    run = publish(snapshot(root / "runs"), repo)
    return repo, run, materialize(repo), online(repo, ALL, "ranking_all")


@pytest.fixture(scope="module")
def over_ours(tmp_path_factory):
    """A repository over this library's stores with one run online, and what it serves."""
    return first_run(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def over_stock(tmp_path_factory):
    """The same over Feast's duckdb and SQLite."""
    return first_run(tmp_path_factory.mktemp("stock"), stock=True)


@pytest.fixture
def over_redis(tmp_path, redis_address):
    """The same over this library's store in Redis."""
    return first_run(tmp_path, redis=redis_address)


@pytest.fixture(params=["over_ours", "over_stock", "over_redis"])
def first(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("other", ["over_stock", "over_redis"])
def test_all_stores_serve_the_same(over_ours, other, request):
    """The array path and Feast's give one Arrow table, its types included."""
    found = request.getfixturevalue(other)[3]
    assert found.schema == over_ours[3].schema
    assert found.equals(over_ours[3])


def test_every_row_of_the_newest_run_comes_online(first):
    _, run, done, served = first
    assert len(done) == 8 == len(written(done))
    assert {(m.run_id, m.as_of, m.version) for m in done} == {(run.manifest.run_id, run.as_of, 1)}
    assert {m.view: m.rows for m in done}["spectral_item_tokens"] == 30
    for node_type, kind in run.snapshot.tables:
        table = run.snapshot.table(node_type, kind)
        for column in table.column_names[1:-2]:
            values = served[f"spectral_{node_type}_{kind}__{column}"].to_pylist()
            assert values == table[column].to_pylist() + [None] * (35 - len(table)), (node_type, column)


def test_what_is_online_is_left_alone(first):
    repo, _, done, _ = first
    before = {name: data for name, data in tree(repo / "data").items() if name.startswith("online")}
    again = materialize(repo)
    assert written(again) == set()
    assert [(m.view, m.rows) for m in again] == [(m.view, m.rows) for m in done]
    assert before.items() <= tree(repo / "data").items()


@pytest.mark.parametrize(
    "harm",
    [
        f"DELETE FROM {TABLE} WHERE rowid % 2",  # killed half-way
        f"DROP TABLE {TABLE}",
        f"UPDATE {TABLE} SET event_ts = event_ts - 9, value = x'' WHERE rowid = 3",  # by old data
    ],
)
def test_what_is_missing_or_old_in_sqlite_is_healed(over_stock, harm):
    repo, _, _, served = over_stock
    execute(repo, harm)
    assert written(materialize(repo)) == {"spectral_user_vector@v1"}
    assert online(repo, ALL, "ranking_all").equals(served)


def test_a_lost_view_of_the_snapshot_store_comes_back(over_ours):
    repo, _, _, served = over_ours
    (folder,) = (repo / "data/online").glob("*/spectral_user_vector/*")
    shutil.rmtree(folder)
    assert written(materialize(repo)) == {"spectral_user_vector@v1"}
    assert online(repo, ALL, "ranking_all").equals(served)


def test_a_lost_redis_database_comes_back(over_redis, redis_server):
    repo, _, done, served = over_redis
    redis_server.client().flushall()
    with pytest.raises(StoreError, match="materialize"):
        online(repo, ALL, "ranking_all")
    assert written(materialize(repo)) == written(done)
    assert online(repo, ALL, "ranking_all").equals(served)


@pytest.mark.parametrize("made", ["over_ours", "over_stock"])
def test_a_lost_online_database_comes_back(request, made):
    repo, _, done, served = request.getfixturevalue(made)
    lose_online(repo)
    with pytest.raises(StoreError, match="materialize"):
        online(repo, ALL, "ranking_all")
    assert written(materialize(repo)) == written(done)
    assert online(repo, ALL, "ranking_all").equals(served)


def test_an_altered_table_is_not_served(tmp_path):
    repo = make_repo(tmp_path / "repo")
    run = publish(snapshot(tmp_path / "runs"), repo)
    path = run.snapshot.path("user", "vector")
    pq.write_table(run.snapshot.table("user").slice(1), path)
    with pytest.raises(SnapshotError, match="19 rows"):
        materialize(repo)


def test_an_item_absent_from_the_new_run_is_gone(world):
    """The second run has 15 of the first one's 20 users, the third, of another space, 20."""
    users = pa.table({"user_id": ids_of("user", 20)})
    counts = [
        online(world.repo, users, [f"spectral_user_vector@v{n}"])["spectral_user_vector__vector"].null_count
        for n in (1, 2, 3)
    ]
    assert counts == [0, 5, 0]


def test_end_chooses_the_newest_run_until_then(tmp_path):
    repo = make_repo(tmp_path / "repo")
    publish_series([snapshot(tmp_path / "runs", d) for d in (0, 7)], repo)
    assert materialize(repo, end=T0 - DAY) == []
    assert {m.version for m in materialize(repo, end=T0 + DAY)} == {1}
    with pytest.raises(StoreError, match="materialize first"):
        online(repo, ALL, ["spectral_user_vector@v2"])
    assert {m.version for m in materialize(repo)} == {2}
    store = FeatureStore(repo_path=str(repo))
    assert store.get_feature_view("spectral_user_vector").current_version_number == 2
    with pytest.raises(ConfigError, match="no zone"):
        materialize(repo, end=datetime(2024, 1, 1))


def test_nothing_published_is_nothing_to_do(repo):
    assert materialize(repo) == []


def test_online_rows_keep_their_order_and_repeats(first):
    repo, run, _, _ = first
    users = ids_of("user", 25).take(pa.array([3, 24, 3, None, 0]))
    found = online(repo, pa.table({"n": range(5), "user_id": users}), ["spectral_user_vector:vector"])
    vectors = run.snapshot.vectors("user").vectors
    assert found.column_names == ["n", "user_id", "spectral_user_vector__vector"]
    wanted = [vectors[3].tolist(), None, vectors[3].tolist(), None, vectors[0].tolist()]
    assert found["spectral_user_vector__vector"].to_pylist() == wanted
    assert len(online(repo, pa.table({"user_id": users[:0]}), ["spectral_user_vector"])) == 0
