"""Views of histories: declared by settings, applied, changed, and never in the way of what is published."""

from contextlib import chdir

import pyarrow as pa
import pytest
from feast import FeatureStore
from feast.types import Array, Float64, Int64, String

import embedding_features as ef
from embedding_features.errors import ConfigError, StoreError
from embedding_features.store import apply, historical, materialize, publish, verify_repo
from embedding_features.store.definitions import definitions
from embedding_features.store.doctor import examine
from embedding_features.store.repo_settings import RepoSettings
from tests.store.builders import T0, US, frame, ids_of, snapshot
from tests.store.repos import feast, own_repo, use_sql

USERS = ids_of("user", 3)
ROWS = {"user_id": USERS, "n": [1, 2, 3]}


def settings(repo, events="user: {of: item}"):
    (repo / "embedding_features.yaml").write_text(f"events:\n  {events}\n")


def applied(repo):
    done = feast(repo, "apply")
    assert done.exit_code == 0, done.output


def push(repo, minutes=1):
    """An event of the first user; returns what the user's histories then are."""
    with ef.EmbeddingFeatures(repo) as client:
        moments = pa.array([T0.timestamp() * 1e6 + minutes * 6e7]).cast(pa.int64()).cast(US)
        event = pa.table(
            {"user_id": USERS[:1], "item_id": ids_of("item", 1), "value": [1.0], "event_timestamp": moments}
        )
        client.push_events("user", event)
        return client.events("user", USERS[:1]).times.tolist()


def test_a_view_comes_with_the_first_snapshot_of_both_node_types(repo, tmp_path):
    settings(repo, "user: {of: item, keep: 7}\n  shop: {of: item}\n  item: {of: user}")
    assert definitions(repo).histories == []
    publish(snapshot(tmp_path / "runs", id_type="string"), repo)
    views = {view.name: view for view in definitions(repo).histories}
    assert list(views) == ["user_events", "item_events"]
    view = views["user_events"]
    types = {
        "event_ids": Array(String),
        "node_ids": Array(String),
        "values": Array(Float64),
        "times": Array(Int64),
    }
    assert {field.name: field.dtype for field in view.features} == types
    assert [field.name for field in view.features] == list(types)
    assert (view.stream_source.name, view.entities, view.ttl.total_seconds()) == ("user_events", ["user"], 0)
    tags = {
        f"embedding_features.{k}": v for k, v in (("kind", "events"), ("node_type", "user"), ("of", "item"))
    }
    assert view.tags == {**tags, "embedding_features.keep": "7"}
    known = FeatureStore(repo_path=str(repo)).get_feature_view("user_events")
    assert known.tags == view.tags
    assert [
        s for s in definitions(repo).services if any(p.name in views for p in s.feature_view_projections)
    ] == []


@pytest.mark.parametrize("sql", [False, True])
def test_all_that_walks_views_goes_on_working(repo, tmp_path, sql):
    settings(repo)
    if sql:
        use_sql(repo)
    publish(snapshot(tmp_path / "runs"), repo)
    materialize(repo)
    applied(repo)
    assert push(repo) == push(repo)
    applied(repo)
    apply(repo)
    verify_repo(repo)
    report = examine(repo)
    assert report.healthy, report.left
    with chdir(repo):  # from where the registry's relative path is meant
        FeatureStore(repo_path=str(repo)).materialize(T0.replace(year=2020), T0.replace(year=2030))
    assert examine(repo).healthy
    joined = historical(repo, frame([(0, 1, 1.0)]), ["spectral_user_vector", "user_events"], strict=False)
    assert joined["user_events__node_ids"].null_count == 1, "nothing of a history is in the offline store"
    assert len(push(repo, 2)) == 2


def test_keep_is_changed_in_place_and_another_side_begins_anew(repo, tmp_path):
    publish(snapshot(tmp_path / "runs"), repo)
    settings(repo)
    report = examine(repo)
    assert [(f.code, f.where) for f in report.left if f.severity == "problem"] == [
        ("definitions-differ", "user_events"),
        *[("not-online", f.where) for f in report.left if f.code == "not-online"],
    ]
    assert examine(repo, fix=True).healthy
    for minute in range(3):
        push(repo, minute)
    settings(repo, "user: {of: item, keep: 2}")
    assert not examine(repo).healthy
    applied(repo)
    assert examine(repo).healthy
    assert len(push(repo, 0)) == 2
    publish(snapshot(tmp_path / "runs", types=("user", "shop"), family="shops"), repo)
    settings(repo, "user: {of: shop, keep: 2}")
    applied(repo)
    with ef.EmbeddingFeatures(repo) as client:
        assert client.events("user", USERS[:1]).times.tolist() == []
    settings(repo, "user: {of: item, keep: 2}")
    apply(repo)


def test_a_lost_source_and_a_moved_repository_are_mended(repo, tmp_path):
    settings(repo)
    publish(snapshot(tmp_path / "runs"), repo)
    materialize(repo)
    push(repo)
    (repo / "data/events/user_events.parquet").unlink()
    assert [f.code for f in examine(repo).left] == ["definitions-differ"]
    assert examine(repo, fix=True).healthy
    moved = repo.rename(tmp_path / "moved")
    assert not examine(moved).healthy
    assert examine(moved, fix=True).healthy
    assert len(push(moved, 2)) == 2


@pytest.mark.parametrize("name", ["view", "source", "rows"])
def test_an_object_of_theirs_of_the_same_name_is_refused(tmp_path, name):
    stats = """
me = Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)
stats = FeatureView(name="{view}", entities=[me], ttl=timedelta(0),
                    source=FileSource(name="{source}", path=PATH, timestamp_field="event_timestamp"),
                    schema=[Field(name="user_id", dtype=Int64), Field(name="n", dtype=Int64)])
"""
    names = {"view": ("user_events", "s"), "source": ("v", "user_events"), "rows": ("v", "user_events_rows")}[
        name
    ]
    repo = own_repo(tmp_path / "repo", stats.format(view=names[0], source=names[1]), ROWS)
    settings(repo)
    applied(repo)
    made = snapshot(tmp_path / "runs")
    with pytest.raises(StoreError, match=r"user_events\S* has the name of one that is published"):
        publish(made, repo)
    settings(repo, "item: {of: user}")
    publish(made, repo)


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ("user: {of: user}", "two node types"),
        ("user: {of: item, keep: 0}", "keep"),
        ("user: {of: item, keep: 10001}", "keep"),
        ("user: {keep: 5}", "of"),
        ("user: {of: item, kept: 5}", "kept"),
        ("'../user': {of: item}", "not allowed"),
    ],
)
def test_wrong_settings_are_named(repo, events, said):
    settings(repo, events)
    with pytest.raises(ConfigError, match=said):
        RepoSettings.of(repo)
