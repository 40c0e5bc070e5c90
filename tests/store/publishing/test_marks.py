"""Tags: ours lie under one prefix; a user's own mean nothing to us, and older publications are mended."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Array, Float32, Int64

from embedding_features.errors import StoreError
from embedding_features.store import apply, historical, list_published, materialize, online, publish
from embedding_features.store.client.client import EmbeddingFeatures
from embedding_features.store.doctor import examine
from embedding_features.store.locks import locked
from embedding_features.store.marks import PREFIX, marks, vector_dim
from embedding_features.store.session import changed_store
from tests.store.builders import DAY, T0, US, frame, ids_of, make_repo, snapshot

OWN = [
    {"space": "marketing"},
    {"space": "s1", "kind": "vector", "dim": "64", "run_id": "r", "node_type": "user", "codebooks": "b"},
    {"embedding_features": "space", "embedding_features_space": "x", "Embedding_Features.space": "x"},
]


def campaigns(repo, tags, field_tags=None):
    """A view of the user's own over rows of three moments, materialized."""
    times = pa.array([T0 + h * DAY / 24 for h in range(3)], US)
    vectors = pa.array([[1.0, 2.0, 3.0]] * 3, pa.list_(pa.float32()))
    rows = {"user_id": ids_of("user", 3), "x": [10, 20, 30], "emb": vectors, "event_timestamp": times}
    path = repo / "campaigns.parquet"
    pq.write_table(pa.table(rows), path)
    user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)
    view = FeatureView(
        name="campaigns",
        entities=[user],
        tags=tags,
        schema=[
            Field(name="user_id", dtype=Int64),
            Field(name="x", dtype=Int64, tags=field_tags or {}),
            Field(name="emb", dtype=Array(Float32), tags=field_tags or {}),
        ],
        source=FileSource(path=str(path), timestamp_field="event_timestamp"),
    )
    store = FeatureStore(repo_path=str(repo))
    store.apply([user, view, FeatureService(name="mine", features=[view])])
    store.materialize(T0 - DAY, T0 + DAY)
    return store


@pytest.mark.parametrize("kind", ["ours", "redis"])
@pytest.mark.parametrize("tags", OWN)
def test_a_tag_of_the_users_own_changes_nothing(tmp_path, request, tags, kind):
    """Materialized, read, joined and examined beside Feast's stores; its lists have another length."""
    address = request.getfixturevalue("redis_address") if kind == "redis" else ""
    answers = []
    for name, stock in (("stock", True), (f"ours{OWN.index(tags)}", False)):
        repo = make_repo(tmp_path / name, stock, "" if stock else address)
        (repo / "feature_store.yaml").write_text(
            re.sub(r"(?m)^project: .*", f"project: {name}", (repo / "feature_store.yaml").read_text())
        )
        store = campaigns(repo, tags, tags)
        ids = ids_of("user", 4)
        rows = [{"user_id": i} for i in ids.to_pylist()]
        feast = store.get_online_features(["campaigns:x", "campaigns:emb"], rows).to_dict()
        with EmbeddingFeatures(repo) as client:
            found = client.online(ids, "mine")["campaigns"]
            joined = client.historical(frame([(0, 0, 3), (2, 0, 3), (3, 0, 3)]), "mine")
            with pytest.raises(StoreError, match="not one published view of user vectors"):
                client.index("user", service="mine")
        shown = {
            n: [v if f else None for v, f in zip(a.tolist(), found.found, strict=True)]
            for n, a in found.arrays.items()
        }
        assert [f.code for f in examine(repo).left if f.severity == "problem"] == []
        answers.append(
            (feast, shown, joined["campaigns__x"].to_pylist(), joined["campaigns__emb"].to_pylist())
        )
    assert answers[0] == answers[1]
    assert answers[0][0]["x"] == [10, 20, 30, None]
    assert answers[0][2] == [10, 30, None]


def test_the_mark_makes_a_view_one_of_snapshots(tmp_path):
    """Only the newest moment's rows are served, whole, as docs/howto/existing-repo.md says."""
    repo = make_repo(tmp_path / "repo")
    campaigns(repo, marks({"space": "theirs.1"}))
    assert online(repo, pa.table({"user_id": ids_of("user", 3)}), ["campaigns:x"])[
        "campaigns__x"
    ].to_pylist() == [None, None, 30]


@pytest.mark.parametrize("dim", ["", "0", "-3", "6.5", "many", "²"])
def test_a_mark_that_says_no_length_is_named(dim):
    field = Field(name="emb", dtype=Array(Float32), tags=marks({"kind": "vector", "dim": dim}))
    with pytest.raises(StoreError, match=r"feature emb has the tag embedding_features\.dim"):
        vector_dim(field)


def test_a_view_with_such_a_mark_ends_in_a_named_error(tmp_path):
    repo = make_repo(tmp_path / "repo")
    with pytest.raises(StoreError, match=r"embedding_features\.dim"):
        campaigns(repo, marks({"space": "theirs.1"}), marks({"kind": "vector", "dim": "many"}))


def as_before(repo):
    """Make a registry what an earlier version wrote: tags without the prefix, services without any."""
    with locked(repo), changed_store(repo) as store:
        registry, project = store.registry, store.project
        for view in registry.list_feature_views(project):
            numbers = [r["version_number"] for r in registry.list_feature_view_versions(view.name, project)]
            old = [registry.get_feature_view_by_version(view.name, project, n) for n in sorted(numbers)]
            registry.delete_feature_view(view.name, project)
            for one in old:
                one.tags = {k.removeprefix(PREFIX): v for k, v in one.tags.items() if "node_type" not in k}
                for field in one.features:
                    field.tags = {k.removeprefix(PREFIX): v for k, v in field.tags.items()}
                registry.apply_feature_view(one, project)
        for service in registry.list_feature_services(project):
            service.tags = {}
            for projection in service.feature_view_projections:
                for field in projection.features:
                    field.tags = {k.removeprefix(PREFIX): v for k, v in field.tags.items()}
            registry.apply_feature_service(service, project)


def tags_of(repo):
    store = FeatureStore(repo_path=str(repo))
    views = store.list_feature_views()
    fields = [tag for view in views for field in view.features for tag in field.tags]
    services = [tag for service in store.list_feature_services() for tag in service.tags]
    return {tag.startswith(PREFIX) for tag in [*fields, *services, *(t for v in views for t in v.tags)]}


@pytest.mark.parametrize("how", ["doctor", "publish", "apply"])
def test_what_an_earlier_version_published_is_mended(tmp_path, how):
    repo = make_repo(tmp_path / "repo")
    for day in (0, 7):
        publish(snapshot(tmp_path / "runs", day), repo, publish_delay=DAY)
        materialize(repo)
    ids = frame([(i, i, 0) for i in range(4)]).select(["user_id", "item_id"])
    served = online(repo, ids, "ranking_all")
    trained = historical(repo, frame([(0, 0, 9)]), "ranking_all")
    as_before(repo)
    assert tags_of(repo) == {False}
    assert {f.code for f in examine(repo).left} == {"definitions-differ"}
    with EmbeddingFeatures(repo) as client, pytest.raises(StoreError, match="doctor --fix"):
        client.index("item")
    if how == "doctor":
        assert examine(repo, fix=True).healthy
    elif how == "publish":
        publish(list_published(repo)[-1].snapshot, repo)
    else:
        apply(repo)
    assert tags_of(repo) == {True}
    assert examine(repo).left == []
    assert online(repo, ids, "ranking_all").equals(served)
    assert historical(repo, frame([(0, 0, 9)]), "ranking_all").equals(trained)
    with EmbeddingFeatures(repo) as client:
        assert client.recall(ids["user_id"], 2, "item", by="user").rows.shape == (4, 2)
        assert np.isfinite(client.index("item").search_ids(ids["item_id"], 2).scores).all()


def test_a_plain_view_that_only_looks_like_an_earlier_one_is_not_ours(tmp_path):
    """A ``run_id`` of somebody else's over somebody else's file."""
    repo = make_repo(tmp_path / "repo")
    store = campaigns(repo, {"space": "spectral.s1"}, {"run_id": "r", "kind": "vector"})
    view = store.get_feature_view("campaigns")
    view.name = "spectral_user_vector"
    store.apply([view])
    with pytest.raises(StoreError, match="view spectral_user_vector"):
        publish(snapshot(tmp_path / "runs"), repo)
