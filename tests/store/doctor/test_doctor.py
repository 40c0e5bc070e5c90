"""Each finding: break a repository, see it, mend it, see it healthy; a healthy one has none."""

import json
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Int64

from embedding_features.errors import ConfigError, StoreError
from embedding_features.store import apply, materialize, online, publish
from embedding_features.store.doctor import examine
from embedding_features.store.locks import locked
from embedding_features.store.marks import mark, tag
from embedding_features.store.session import changed_store
from jobs.cli import run as cli
from tests.paths import ROOT
from tests.store.builders import DAY, T0, frame, ids_of, make_repo, snapshot, tree
from tests.store.publishing.test_versions import service_pins

IDS = frame([(i, i, 0) for i in range(20)]).select(["user_id", "item_id"])
VECTOR = "spectral_user_vector"
DEAD = 2**22 + 1  # above the largest process id
OURS = "embedding_features.store.online_stores.snapshot.SnapshotOnlineStore"
STOCK = pytest.mark.parametrize("whole", ["stock"], indirect=True)


@pytest.fixture(scope="module", params=["ours", "stock"])
def whole(tmp_path_factory, request):
    """A repository with two runs online, and what it serves."""
    root = tmp_path_factory.mktemp("whole")
    repo = make_repo(root / "repo", stock=request.param == "stock")
    for day in (0, 7):
        publish(snapshot(root / "runs", day), repo, publish_delay=DAY)
        materialize(repo)
    return repo, online(repo, IDS, "ranking_all")


@pytest.fixture
def deployed(whole, tmp_path):
    """A copy to break, its registry right for its new place."""
    shutil.copytree(whole[0], tmp_path / "repo")
    apply(tmp_path / "repo")
    return tmp_path / "repo", whole[1]


def is_stock(repo):
    return (repo / "data/online_store.db").is_file()


def codes(repo, **options):
    return [finding.code for finding in examine(repo, **options).left]


def mended(repo, *expected):
    """The findings are these, all are mended, and then there are none."""
    assert set(codes(repo)) == set(expected)
    report = examine(repo, fix=True)
    assert report.left == []
    assert {finding.code for finding in report.mended} >= set(expected)
    assert codes(repo) == []


def applied(repo, *objects):
    FeatureStore(repo_path=str(repo)).apply(list(objects))


def set_yaml(repo, **sections):
    path = repo / "feature_store.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | sections))


def test_a_healthy_repository_has_none(deployed):
    repo, served = deployed
    before = tree(repo)
    report = examine(repo, fix=True)
    assert (report.left, report.mended, report.healthy) == ([], [], True)
    assert tree(repo) == before
    assert online(repo, IDS, "ranking_all").equals(served)


def test_an_empty_repository_is_healthy(repo):
    assert codes(repo) == []


def test_what_was_only_published_is_not_online(repo, tmp_path):
    publish(snapshot(tmp_path / "runs"), repo)
    assert set(codes(repo)) == {"not-online"}
    assert examine(repo, fix=True).healthy
    assert online(repo, IDS, "ranking_all").num_rows == 20


def test_lost_online_tables_come_back(deployed):
    repo, served = deployed
    shutil.rmtree(repo / "data/online", ignore_errors=True)
    (repo / "data/online_store.db").unlink(missing_ok=True)
    found = [f for f in examine(repo).left if f.where == f"{VECTOR}@v2"]
    assert [(f.code, f.mend is not None) for f in found] == [("lost-online", True)]
    mended(repo, "lost-online")
    assert online(repo, IDS, "ranking_all").equals(served)


def test_an_old_pin_that_lost_its_table_gets_it_back(deployed):
    repo, _ = deployed
    applied(repo, FeatureService(name="production", features=[f"{VECTOR}@v1"]))
    before = online(repo, IDS, "production")
    if is_stock(repo):
        with closing(sqlite3.connect(repo / "data/online_store.db")) as connection, connection:
            connection.execute(f"DROP TABLE embedding_features_{VECTOR}_v1")
    else:
        (folder,) = (repo / "data/online").glob(f"*/{VECTOR}/*_v1")
        shutil.rmtree(folder)
    mended(repo, "lost-online")
    assert online(repo, IDS, "production").equals(before)


@STOCK
def test_a_watermark_ahead_of_the_data(deployed):
    """Half of the rows, although the registry says they were materialized; ours are never half there."""
    repo, served = deployed
    with closing(sqlite3.connect(repo / "data/online_store.db")) as connection, connection:
        connection.execute(f"DELETE FROM embedding_features_{VECTOR}_v2 WHERE rowid % 2")
    mended(repo, "watermark-ahead")
    assert online(repo, IDS, "ranking_all").equals(served)


def test_lost_tables_in_redis_come_back(tmp_path, own_redis):
    server = own_redis()
    repo = make_repo(tmp_path / "repo", redis=server.address)
    publish(snapshot(tmp_path / "runs"), repo)
    materialize(repo)
    served = online(repo, IDS, "ranking_all")
    assert codes(repo) == []
    server.client().flushall()
    mended(repo, "lost-online")
    assert online(repo, IDS, "ranking_all").equals(served)
    server.kill()
    assert set(codes(repo, fix=True)) == {"online-unreadable"}


def test_pushed_rows_are_no_finding(deployed):
    repo, _ = deployed
    at = T0 + 9 * DAY
    row = {"user_id": ids_of("user", 1).to_pylist(), "vector": [[1.0, 2.0, 3.0, 4.0]]}
    FeatureStore(repo_path=str(repo)).write_to_online_store(
        VECTOR, pd.DataFrame(row | {"event_timestamp": [at], "created_timestamp": [at]})
    )
    assert codes(repo, fix=True) == []
    assert online(repo, IDS, [VECTOR])[f"{VECTOR}__vector"][0].as_py() == row["vector"][0]


@STOCK
def test_rows_of_another_run_online_are_reported(deployed):
    """SQLite keeps what the new snapshot lacks; here a row of the run before lies in the new run's table."""
    repo, _ = deployed
    with closing(sqlite3.connect(repo / "data/online_store.db")) as connection, connection:
        table = f"embedding_features_{VECTOR}_v"
        connection.execute(
            f"INSERT INTO {table}2 (entity_key, feature_name, value, event_ts) "
            f"SELECT x'00', feature_name, value, event_ts FROM {table}1 LIMIT 1"
        )
    (found,) = examine(repo, fix=True).left
    assert (found.code, found.mend) == ("mixed-online", None)
    assert f"{VECTOR}@v2 serves 1 rows" in found.what


def test_an_unpinned_service_is_pinned_to_what_training_reads(deployed):
    repo, served = deployed
    view = FeatureStore(repo_path=str(repo)).get_feature_view(VECTOR)
    view.version = "latest"
    loose = FeatureService(name="mine", features=[view[["vector"]]], tags={"a": "b"}, owner="me")
    for projection in loose.feature_view_projections:
        projection.version_tag = None
    with locked(repo), changed_store(repo) as store:
        store.registry.apply_feature_service(loose, store.project)
    assert service_pins(repo)["mine"] == [VECTOR]
    (found,) = examine(repo).left
    assert f"pin {VECTOR}@v2" in found.fix
    mended(repo, "unpinned-service")
    assert service_pins(repo)["mine"] == [f"{VECTOR}@v2"]
    service = FeatureStore(repo_path=str(repo)).get_feature_service("mine")
    assert (service.tags, service.owner) == ({"a": "b"}, "me")
    assert online(repo, IDS, "mine")[f"{VECTOR}__vector"].equals(served[f"{VECTOR}__vector"])


def test_a_service_of_two_runs_is_reported(deployed):
    repo, _ = deployed
    applied(repo, FeatureService(name="mine", features=[f"{VECTOR}@v1", "spectral_item_vector@v2"]))
    (found,) = examine(repo, fix=True).left
    assert (found.code, found.mend, found.severity) == ("mixed-service", None, "problem")
    assert f"{VECTOR}@v1" in found.what
    assert "spectral_item_vector@v2" in found.what


def test_other_tags_than_the_manifests_say_are_put_right(deployed):
    repo, served = deployed
    with locked(repo), changed_store(repo) as store:
        view = store.registry.get_feature_view_by_version(VECTOR, store.project, 2)
        view.features[0].tags[tag("space")] = "spectral.s9"
        store.registry.delete_feature_view(VECTOR, store.project)
        view.current_version_number = 2
        store.registry.apply_feature_view(view, store.project)
    assert "definitions-differ" in codes(repo)
    assert examine(repo, fix=True).left == []
    fields = FeatureStore(repo_path=str(repo)).get_feature_view(VECTOR).features
    assert {mark(field, "space") for field in fields} == {"spectral.s1"}
    assert online(repo, IDS, "ranking_all").equals(served)


def test_a_moved_repository_reads_its_own_files(deployed, tmp_path):
    repo, _ = deployed
    moved = repo.rename(tmp_path / "elsewhere")
    mended(moved, "moved-repo")
    store = FeatureStore(repo_path=str(moved))
    assert store.get_feature_view(VECTOR).batch_source.path.startswith(str(moved))


def test_a_lost_registry_comes_back(deployed):
    repo, served = deployed
    (repo / "data/registry.db").unlink()
    assert codes(repo) == ["not-applied"]
    assert examine(repo, fix=True).healthy
    assert online(repo, IDS, "ranking_all").equals(served)


def test_an_unreadable_registry_is_reported_and_left(deployed):
    repo, _ = deployed
    (repo / "data/registry.db").write_bytes(b"\xff\xfe no registry")
    (found,) = examine(repo, fix=True).left
    assert (found.code, found.mend) == ("unreadable", None)
    assert (repo / "data/registry.db").read_bytes() == b"\xff\xfe no registry"


@pytest.mark.parametrize("harm", ["lacks the file", "SHA-256 differs", "cannot be read"])
def test_a_damaged_snapshot_is_reported_with_what_needs_it(deployed, harm):
    repo, served = deployed
    run = sorted((repo / "data/snapshots/spectral.s1").iterdir())[0]
    if harm == "lacks the file":
        (run / "user_vector.parquet").unlink()
    else:
        path = run / ("user_vector.parquet" if "SHA" in harm else "manifest.json")
        path.write_bytes(path.read_bytes()[:-9])
    before = tree(repo / "data")
    (found,) = examine(repo, fix=True).left
    assert (found.code, found.mend) == ("snapshot-damaged", None)
    assert harm in found.what
    assert f"{VECTOR}@v1" in found.what
    assert f"{VECTOR}@v2" not in found.what
    assert tree(repo / "data") == before
    assert online(repo, IDS, "ranking_all").equals(served)


def test_a_missing_snapshot_is_reported_and_not_forgotten(deployed):
    """Applying would drop its versions from the registry: so nothing is applied, whatever else is wrong."""
    repo, served = deployed
    run = sorted((repo / "data/snapshots/spectral.s1").iterdir())[0]
    shutil.rmtree(run)
    (found,) = examine(repo, fix=True).left
    assert (found.code, found.mend) == ("snapshot-missing", None)
    assert run.name in found.what
    assert f"{VECTOR}@v1" in found.what
    assert online(repo, IDS, f"{VECTOR}@v1".split()).num_rows == 20
    assert online(repo, IDS, "ranking_all").equals(served)


def test_leftovers_of_killed_jobs_go(deployed):
    repo, served = deployed
    for root in ("data/snapshots", "data/recall/run", f"data/online/embedding_features/{VECTOR}"):
        (repo / root / ".staging" / f"{DEAD}-half-0").mkdir(parents=True)
    (repo / "data/snapshots/.staging/1-alive-0").mkdir()
    (repo / "data/.registry.db.0.tmp").write_bytes(b"")
    mended(repo, "leftover-staging", "leftover-registry")
    assert [p.name for p in (repo / "data").rglob(".staging/*")] == ["1-alive-0"]
    assert not (repo / "data/.registry.db.0.tmp").exists()
    assert online(repo, IDS, "ranking_all").equals(served)


def test_a_registry_that_a_running_job_writes_is_no_leftover(deployed):
    repo, _ = deployed
    with locked(repo), changed_store(repo):
        assert codes(repo) == []


def visits(repo, path):
    ids = ids_of("user", 2)
    times = pa.array([T0, T0], pa.timestamp("us", tz="UTC"))
    pq.write_table(pa.table({"user_id": ids, "visits": [1, 2], "at": times}), path)
    view = FeatureView(
        name="visits",
        entities=[Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)],
        schema=[Field(name="visits", dtype=Int64)],
        source=FileSource(path=str(path), timestamp_field="at"),
        ttl=timedelta(0),
    )
    applied(repo, view)
    FeatureStore(repo_path=str(repo)).materialize(T0 - DAY, T0 + DAY, ["visits"])
    return pa.table({"user_id": ids})


def test_lost_tables_of_other_views_come_back(deployed, tmp_path):
    repo, _ = deployed
    ids = visits(repo, tmp_path / "visits.parquet")
    assert codes(repo) == []
    served = online(repo, ids, ["visits"])
    assert served["visits__visits"].to_pylist() == [1, 2]
    shutil.rmtree(repo / "data/online", ignore_errors=True)
    (repo / "data/online_store.db").unlink(missing_ok=True)
    mended(repo, "lost-online")
    assert online(repo, ids, ["visits"]).equals(served)


def test_a_missing_source_of_another_view_is_reported(deployed, tmp_path):
    repo, _ = deployed
    visits(repo, tmp_path / "visits.parquet")
    (tmp_path / "visits.parquet").unlink()
    (found,) = examine(repo, fix=True).left
    assert (found.code, found.where, found.mend) == ("source-missing", "view visits", None)


@pytest.mark.parametrize(
    ("sections", "code"),
    [
        ({"offline_store": {"type": "file"}}, "slow-offline-store"),
        ({"offline_store": {"type": "dask"}}, "slow-offline-store"),
        ({"batch_engine": {"type": "ray.engine"}}, "ray-engine"),
        ({"batch_engine": {"type": "local"}}, "row-engine"),
        ({"registry": {"path": "data/registry.db"}}, "versions-off"),
        ({"online_store": {"type": "sqlite", "path": "data/online_store.db"}}, "sqlite-alias"),
    ],
)
def test_settings_that_corrupt_in_silence_are_warned_of(whole, tmp_path, sections, code):
    shutil.copytree(whole[0], tmp_path / "repo")
    repo = tmp_path / "repo"
    if code == "row-engine":
        sections = sections | {"online_store": {"type": OURS, "path": "data/online"}}
    set_yaml(repo, **sections)
    found = {finding.code: finding for finding in examine(repo).left}
    assert (found[code].severity, found[code].mend) == ("warning", None)
    assert found[code].fix.startswith("write ")
    line = yaml.safe_load(found[code].fix.removeprefix("write "))
    set_yaml(repo, **line)
    assert code not in codes(repo)


def test_a_ttl_that_feasts_stores_ignore(whole, tmp_path):
    shutil.copytree(whole[0], tmp_path / "repo")
    (tmp_path / "repo/embedding_features.yaml").write_text("ttl_days: 30")
    apply(tmp_path / "repo")
    assert codes(tmp_path / "repo") == (["ttl-ignored"] if is_stock(whole[0]) else [])


def test_a_mending_that_fails_is_told(deployed):
    """The online store cannot be written, and the run it would come from is damaged."""
    repo, _ = deployed
    shutil.rmtree(repo / "data/online", ignore_errors=True)
    (repo / "data/online_store.db").unlink(missing_ok=True)
    run = sorted((repo / "data/snapshots/spectral.s1").iterdir())[1]
    (run / "user_vector.parquet").unlink()
    report = examine(repo, fix=True)
    told = {finding.where: finding.what for finding in report.left if finding.code == "lost-online"}
    assert set(told) == {f"{VECTOR}@v2"}
    assert "mending it failed" in told[f"{VECTOR}@v2"]
    assert not report.healthy
    assert len(report.mended) == 7


def test_the_command_line_tells_people_and_machines(deployed, capsys):
    repo, _ = deployed
    assert cli(["doctor", "--repo", str(repo), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "repo": str(repo), "healthy": True, "mended": [], "findings": []
    }  # fmt: skip
    (repo / "data/snapshots/.staging" / f"{DEAD}-half-0").mkdir(parents=True)
    assert cli(["doctor", "--repo", str(repo), "--json"]) == 6
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert (found["code"], found["severity"], found["mends"]) == ("leftover-staging", "problem", True)
    assert cli(["doctor", "--repo", str(repo)]) == 6
    said = capsys.readouterr().out
    assert f"problem: leftover-staging at {repo}/data/snapshots/.staging: 1 half-written" in said
    assert "fix: remove them (--fix does it)" in said
    assert said.endswith("not healthy\n")
    assert cli(["doctor", "--repo", str(repo), "--fix", "--json"]) == 0
    (done,) = json.loads(capsys.readouterr().out)["mended"]
    assert done["code"] == "leftover-staging"
    assert cli(["doctor", "--repo", str(repo)]) == 0
    assert capsys.readouterr().out == f"{repo} is healthy\n"


def test_warnings_alone_are_healthy(deployed):
    repo, _ = deployed
    set_yaml(repo, offline_store={"type": "dask"})
    report = examine(repo)
    assert ([f.code for f in report.left], report.healthy) == (["slow-offline-store"], True)


def test_every_code_is_explained():
    root = ROOT
    sources = [path.read_text() for path in (root / "embedding_features/store/doctor").glob("*.py")]
    told = {code for text in sources for code in re.findall(r'"([a-z]+-[a-z-]+)"', text)} | {"unreadable"}
    page = (root / "docs/howto/doctor.md").read_text()
    assert len(told) > 20
    assert sorted(code for code in told if f"`{code}`" not in page) == []


def test_what_is_no_repository_is_named(tmp_path):
    with pytest.raises(StoreError, match="has no feature_store"):
        examine(tmp_path)
    (tmp_path / "feature_store.yaml").write_text("- 1")
    with pytest.raises(ConfigError, match="no settings"):
        examine(tmp_path)
