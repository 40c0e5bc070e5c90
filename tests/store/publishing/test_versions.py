"""Pins: a version is a run, wherever and whenever the registry is made."""

import shutil

import pytest
from feast import FeatureService, FeatureStore

from embedding_features.errors import StoreError
from embedding_features.store import apply, historical, materialize, online, publish, publish_series
from embedding_features.store.retrieval.refs import run_of
from embedding_features.store.session import open_store
from tests.store.builders import DAY, frame, make_repo, snapshot

VECTORS = ["spectral_user_vector", "spectral_item_vector"]
ROWS = frame([(0, 3, 1.0), (7, 7, 8.0), (14, 2, 15.0)])


def service_pins(repo):
    store = FeatureStore(repo_path=str(repo))
    return {
        s.name: sorted(p.name_to_use() for p in s.feature_view_projections)
        for s in store.list_feature_services()
    }


def recorded(repo):
    """View → its versions in the registry, the active one, the pin and the source of each."""
    store = FeatureStore(repo_path=str(repo))
    found = {}
    for view in store.list_feature_views():
        numbers = [
            r["version_number"] for r in store.registry.list_feature_view_versions(view.name, store.project)
        ]
        old = [store.registry.get_feature_view_by_version(view.name, store.project, n) for n in numbers]
        runs = [run_of(v) for v in old]
        found[view.name] = view.current_version_number, numbers, runs, [v.batch_source.path for v in old]
    return found


def test_definitions_say_what_was_published(world):
    store = open_store(world.repo)
    assert {e.name: e.join_key for e in store.list_entities()} == {"user": "user_id", "item": "item_id"}
    view = store.get_feature_view("spectral_user_tokens")
    assert view.batch_source.path == str(world.repo / "data/snapshots/spectral.s2/*/user_tokens.parquet")
    assert (view.batch_source.timestamp_field, view.batch_source.created_timestamp_column) == (
        "event_timestamp",
        "created_timestamp",
    )
    tags = {f.name: f.tags for f in view.features}
    assert tags["rq_tokens"] == {
        "embedding_features.kind": "tokens",
        "embedding_features.run_id": world.snapshots[2].manifest.run_id,
        "embedding_features.as_of": world.snapshots[2].manifest.as_of.isoformat(),
        "embedding_features.space": "spectral.s2",
        "embedding_features.dim": "6",
        "embedding_features.metric": "dot",
        "embedding_features.codebooks": "b.spectral.s2.user.rq_tokens",
    }


def test_services_are_pinned_to_the_newest_run(world):
    discrete = [
        f"spectral_{t}_{k}@v3" for t in ("item", "user") for k in ("clusters", "neighbours", "tokens")
    ]
    dense = ["spectral_item_vector@v3", "spectral_user_vector@v3"]
    assert service_pins(world.repo) == {
        "ranking_dense": dense,
        "ranking_discrete": discrete,
        "ranking_all": sorted(dense + discrete),
    }


def test_an_old_pin_keeps_its_values_online_and_offline(world):
    """The newest run has other values, and the services moved to it; a pin has not."""
    ids = ROWS.select(["user_id", "item_id"])
    old = online(world.repo, ids, [f"{v}@v1" for v in VECTORS])
    first = world.snapshots[0].vectors("user").vectors
    assert old["spectral_user_vector__vector"].to_pylist() == [
        first[0].tolist(),
        first[7].tolist(),
        first[14].tolist(),
    ]
    new = online(world.repo, ids, "ranking_dense")
    third = world.snapshots[2].vectors("user").vectors
    assert new["spectral_user_vector__vector"].to_pylist() == [
        third[0].tolist(),
        third[7].tolist(),
        third[14].tolist(),
    ]
    assert online(world.repo, ids, VECTORS).select(new.column_names).equals(new)  # no pin: the newest, not v0


def test_a_service_of_the_user_stays_where_it_was_pinned(tmp_path):
    repo = make_repo(tmp_path / "repo")
    publish(snapshot(tmp_path / "runs"), repo)
    materialize(repo)
    store = FeatureStore(repo_path=str(repo))
    store.apply([FeatureService(name="production", features=["spectral_user_vector@v1"])])
    before = online(repo, ROWS.select(["user_id"]), "production")
    publish(snapshot(tmp_path / "runs", 7, space=2, dim=6), repo)
    materialize(repo)
    assert service_pins(repo)["production"] == ["spectral_user_vector@v1"]
    assert online(repo, ROWS.select(["user_id"]), "production").equals(before)
    assert historical(repo, ROWS, "production")["spectral_user_vector__vector"].null_count == 0


def test_a_series_records_every_version(world):
    for name, (active, numbers, runs, _) in recorded(world.repo).items():
        assert (active, numbers) == (3, [1, 2, 3]), name
        assert runs == [s.manifest.run_id for s in world.snapshots]


def test_a_lost_registry_comes_back_the_same(world, tmp_path):
    repo = tmp_path / "repo"
    shutil.copytree(world.repo, repo)
    apply(repo)  # a copy has other paths: the records follow
    before, pins = recorded(repo), service_pins(repo)
    assert {p for _, _, _, paths in before.values() for p in paths if str(repo) not in p} == set()
    (repo / "data/registry.db").unlink()
    with pytest.raises(StoreError, match="nothing is applied"):
        online(repo, ROWS, "ranking_dense")
    apply(repo)
    assert (recorded(repo), service_pins(repo)) == (before, pins)
    assert online(repo, ROWS, "ranking_all").equals(online(world.repo, ROWS, "ranking_all"))


def test_applying_again_changes_nothing(world):
    before = recorded(world.repo)
    intervals = open_store(world.repo).get_feature_view("spectral_user_vector").materialization_intervals
    apply(world.repo)
    view = open_store(world.repo).get_feature_view("spectral_user_vector")
    assert recorded(world.repo) == before
    assert view.materialization_intervals == intervals
    assert len(intervals) == 3


def test_settings_reach_every_version(tmp_path):
    """ttl: a snapshot older than it is not joined."""
    repo = make_repo(tmp_path / "repo")
    publish_series([snapshot(tmp_path / "runs", d) for d in (0, 7)], repo)
    rows = frame([(0, 0, 9.0), (0, 0, 10.0), (0, 0, 10.1)])
    assert historical(repo, rows, "ranking_dense")["spectral_user_vector__vector"].null_count == 0
    (repo / "embedding_features.yaml").write_text("ttl_days: 3")
    apply(repo)
    for pin in ("spectral_user_vector", "spectral_user_vector@v1"):
        found = historical(repo, rows, [pin], strict=False)["spectral_user_vector__vector"]
        assert found.is_null().to_pylist() == [False, False, True]
    assert open_store(repo).get_feature_view("spectral_user_vector").ttl == 3 * DAY


def test_an_unreadable_registry_is_named(tmp_path):
    repo = make_repo(tmp_path / "repo")
    publish(snapshot(tmp_path / "runs"), repo)
    (repo / "data/registry.db").write_bytes(b"\xff\xfe no registry")
    with pytest.raises(StoreError, match="remove the registry file and apply again") as caught:
        online(repo, ROWS, "ranking_dense")
    assert caught.value.exit_code == 6
