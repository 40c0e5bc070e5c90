"""A registry in an SQL database: everything as with a file, also with Feast's cache of it."""

import shutil
from pathlib import Path

import pytest
import yaml
from feast import FeatureService, FeatureStore

from embedding_features.errors import StoreError
from embedding_features.store import apply, historical, materialize, online, publish, publish_series
from embedding_features.store.client.client import EmbeddingFeatures
from embedding_features.store.doctor import examine
from embedding_features.store.registries import WatchedDatabase
from tests.store.builders import DAY, T0, frame, ids_of, make_repo, snapshot
from tests.store.publishing.test_versions import recorded, service_pins
from tests.store.repos import feast, use_sql

VECTOR = "spectral_user_vector"
IDS = frame([(i, i, 0) for i in range(20)]).select(["user_id", "item_id"])
ROWS = frame([(0, 3, 1.5), (7, 7, 8.5), (14, 2, 0.5)])
CACHES = {
    "sync": {},
    "by a thread": {"cache_mode": "thread", "cache_ttl_seconds": 600},
}


@pytest.fixture(params=CACHES)
def sql(request, tmp_path, monkeypatch):
    """A repository with a registry in SQLite, two runs published; the process is in another folder."""
    repo = make_repo(tmp_path / "repo")
    use_sql(repo, **CACHES[request.param])
    monkeypatch.chdir(tmp_path)
    publish_series([snapshot(tmp_path / "runs", d) for d in (0, 7)], repo, publish_delay=DAY)
    materialize(repo)
    assert not Path("data").exists()
    monkeypatch.chdir(repo)  # for Feast itself, which takes the path from where it is
    return repo


def test_it_answers_as_a_registry_in_a_file(sql, tmp_path):
    other = make_repo(tmp_path / "file")
    publish_series([snapshot(tmp_path / "runs2", d) for d in (0, 7)], other, publish_delay=DAY)
    materialize(other)
    for features in ("ranking_all", [VECTOR], [f"{VECTOR}@v1"]):
        assert historical(sql, ROWS, features).equals(historical(other, ROWS, features))
    assert online(sql, IDS, "ranking_all").equals(online(other, IDS, "ranking_all"))
    assert service_pins(sql) == service_pins(other)
    assert {n: r[:2] for n, r in recorded(sql).items()} == {n: r[:2] for n, r in recorded(other).items()}
    assert examine(sql).left == []
    with EmbeddingFeatures(sql) as one, EmbeddingFeatures(other) as two:
        hits = (c.recall(IDS["user_id"], 3, "item", by="user").lists() for c in (one, two))
        assert next(hits).equals(next(hits))


def test_an_old_pin_keeps_its_values(sql, tmp_path):
    store = FeatureStore(repo_path=str(sql))
    store.apply([FeatureService(name="production", features=[f"{VECTOR}@v1"])])
    assert examine(sql, fix=True).left == []
    before = online(sql, IDS, "production")
    assert not before.equals(online(sql, IDS, [VECTOR]))
    publish(snapshot(tmp_path / "runs", 14), sql)
    materialize(sql)
    assert online(sql, IDS, "production").equals(before)
    assert service_pins(sql)["production"] == [f"{VECTOR}@v1"]
    assert recorded(sql)[VECTOR][:2] == (3, [1, 2, 3])


def test_the_client_sees_the_next_call_what_changed(sql, tmp_path):
    with EmbeddingFeatures(sql) as client:
        ids = ids_of("user", 20)
        old = client.online(ids, [VECTOR])[VECTOR].arrays["vector"]
        plans = client._plans.get()
        assert client._plans.get() is plans
        run = publish(snapshot(tmp_path / "runs", 14, space=2, dim=6), sql)
        materialize(sql)
        new = client.online(ids, [VECTOR])[VECTOR].arrays["vector"]
        assert (new == run.snapshot.vectors("user").vectors).all()
        assert client.index("item").manifest.run_id == run.manifest.run_id
        FeatureStore(repo_path=str(sql)).apply([FeatureService(name="mine", features=[f"{VECTOR}@v2"])])
        assert (client.online(ids, "mine")[VECTOR].arrays["vector"] == old).all()
        for version in (1, 2):  # in the same second, and of the same length
            FeatureStore(repo_path=str(sql)).apply(
                [FeatureService(name="mine", features=[f"{VECTOR}@v{version}"])]
            )
            assert client._plans.get().of("mine").asked[0].version == version


def test_feasts_own_commands(sql, tmp_path):
    pins, before = service_pins(sql), recorded(sql)
    done = feast(sql, "apply")
    assert done.exit_code == 0, done.output
    assert (service_pins(sql), recorded(sql)) == (pins, before)
    (sql / "data/registry.sqlite").unlink()
    shutil.rmtree(sql / "data/online")
    assert [f.code for f in examine(sql).left] == ["not-applied"]
    for command in (["apply"], ["materialize", (T0 - DAY).isoformat(), (T0 + 10 * DAY).isoformat()]):
        done = feast(sql, *command)
        assert done.exit_code == 0, done.output
    assert service_pins(sql) == pins
    assert examine(sql, fix=True).healthy
    assert recorded(sql) == before
    assert online(sql, IDS, "ranking_all").num_rows == 20


def test_doctor_finds_and_mends(sql, tmp_path):
    shutil.rmtree(sql / "data/online")
    assert {f.code for f in examine(sql).left} == {"lost-online"}
    assert examine(sql, fix=True).left == []
    store = FeatureStore(repo_path=str(sql))
    store.registry.delete_feature_view(VECTOR, store.project)
    assert "definitions-differ" in {f.code for f in examine(sql).left}
    assert examine(sql, fix=True).left == []
    moved = sql.rename(tmp_path / "elsewhere")
    assert {f.code for f in examine(moved).left} == {"moved-repo"}
    assert examine(moved, fix=True).left == []
    assert historical(moved, ROWS, "ranking_all")[f"{VECTOR}__vector"].null_count == 0


def test_applying_again_changes_nothing(sql):
    before = recorded(sql)
    view = FeatureStore(repo_path=str(sql)).get_feature_view(VECTOR)
    apply(sql)
    again = FeatureStore(repo_path=str(sql)).get_feature_view(VECTOR)
    assert recorded(sql) == before
    assert again.materialization_intervals == view.materialization_intervals
    assert len(view.materialization_intervals) == 1


def test_a_kill_between_two_changes_is_mended_by_the_next(sql, tmp_path, monkeypatch):
    """A database takes change by change: half of a publication may be there."""
    made = snapshot(tmp_path / "runs", 14)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FeatureStore, "apply", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            publish(made, sql)
    run = publish(made, sql)
    assert run.version == 3
    assert [f.code for f in examine(sql).left if f.code != "not-online"] == []
    assert service_pins(sql)["ranking_dense"][0].endswith("@v3")


def test_before_anything_is_applied(tmp_path):
    repo = make_repo(tmp_path / "repo")
    use_sql(repo)
    assert examine(repo).left == []
    for ask in (lambda: EmbeddingFeatures(repo), lambda: online(repo, IDS, "ranking_all")):
        with pytest.raises(StoreError, match="nothing is applied"):
            ask()
    assert not (repo / "data").exists()


@pytest.mark.parametrize(
    ("registry", "said"),
    [
        ({"registry_type": "sql", "path": "sqlite:////nowhere/at/all/r.db"}, "OperationalError"),
        ({"registry_type": "sql", "path": "nodatabase://x/y"}, "nodatabase"),
        ({"registry_type": "sql", "path": "no url"}, "SQLAlchemy URL"),
        ({"registry_type": "file", "path": "s3://bucket/registry.db"}, "s3://bucket"),
        ({"registry_type": "snowflake.registry"}, "snowflake"),
        ({"registry_type": "no such"}, "no such"),
    ],
)
def test_a_registry_that_cannot_be_had_is_named(tmp_path, registry, said):
    repo = make_repo(tmp_path / "repo")
    settings = yaml.safe_load((repo / "feature_store.yaml").read_text())
    (repo / "feature_store.yaml").write_text(yaml.safe_dump(settings | {"registry": registry}))
    with pytest.raises(StoreError) as caught:
        publish(snapshot(tmp_path / "runs"), repo)
    assert said in str(caught.value)
    assert examine(repo).healthy is False or "nowhere" in registry["path"]


def test_while_the_database_is_away_what_is_known_serves_on(sql, monkeypatch):
    from sqlalchemy.exc import OperationalError

    with EmbeddingFeatures(sql) as client:
        ids = ids_of("user", 3)
        assert client.online(ids, [VECTOR])[VECTOR].found.all()
        assert isinstance(client._plans.get()._watch, WatchedDatabase)

        def away(store):
            raise OperationalError("select", {}, Exception("away"))

        monkeypatch.setattr("embedding_features.store.registries._digest", away)
        assert client.online(ids, [VECTOR])[VECTOR].found.all()
