"""A repository's own objects with names of ours: used where they will do, else refused; never replaced."""

import re

import pytest
import yaml
from feast import FeatureService, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Int64

from embedding_features.errors import CompatibilityError, ConfigError, StoreError
from embedding_features.store import apply, historical, list_published, materialize, online, publish
from embedding_features.store.client.client import EmbeddingFeatures
from embedding_features.store.doctor import examine
from tests.store.builders import DAY, T0, frame, ids_of, snapshot, tree
from tests.store.repos import feast, own_repo, write_features

IDS = ids_of("user", 3)
ROWS = {"uid": IDS, "user_id": IDS, "n": [1, 2, 3]}
USER = """
me = Entity(name="user", join_keys=["{key}"], value_type=ValueType.{kind}, description="our users",
            tags={{"team": "growth"}}, owner="me")
stats = FeatureView(name="stats", entities=[me], ttl=timedelta(0), source=SOURCE,
                    schema=[Field(name="{key}", dtype={type}), Field(name="n", dtype=Int64)])
"""
GOOD = USER.format(key="user_id", kind="INT64", type="Int64")
OTHER_KEY = USER.format(key="uid", kind="INT64", type="Int64")
OTHER_TYPE = USER.format(key="user_id", kind="STRING", type="String")
NARROW = USER.format(key="user_id", kind="INT32", type="Int32")
CUSTOMER = GOOD.replace('name="user"', 'name="customer"')
ON_DEMAND = """
@on_demand_feature_view(sources=[stats], schema=[Field(name="twice", dtype=Int64)])
def spectral_user_vector(inputs):
    return inputs[["n"]].rename(columns={"n": "twice"})
"""
SOURCE = CUSTOMER.replace(
    "source=SOURCE",
    "source=FileSource(name='spectral.s1_user_vector', path=PATH, timestamp_field='event_timestamp')",
)
SERVICE = CUSTOMER + 'mine = FeatureService(name="ranking_all", features=[stats], description="production")\n'
TAKEN = {
    "join key": (OTHER_KEY, r"entity user has join key uid", "entities: {user: embedding_user}"),
    "type": (OTHER_TYPE, r"entity user .* type STRING", "entities: {user: embedding_user}"),
    "narrow type": (NARROW, r"entity user .* type INT32", "entities: {user: embedding_user}"),
    "view": (
        CUSTOMER.replace('name="stats"', 'name="spectral_user_vector"'),
        "view spectral_user_vector",
        "another family",
    ),
    "view in capitals": (
        CUSTOMER.replace('name="stats"', 'name="Spectral_User_Vector"'),
        "Spectral_User_Vector",
        "another family",
    ),
    "on-demand view": (CUSTOMER + ON_DEMAND, "view spectral_user_vector", "another family"),
    "source": (SOURCE, r"source spectral\.s1_user_vector", "another family"),
    "service": (SERVICE, "service ranking_all", "services: {ranking_all: "),
    "dense": (
        SERVICE.replace("ranking_all", "ranking_dense"),
        "service ranking_dense",
        "services: {ranking_dense: ",
    ),
}


def done(repo, *command):
    result = feast(repo, *command)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.output


def registered(repo):
    """The definitions in the registry, as text; not when they were made or materialized."""
    store = FeatureStore(repo_path=str(repo))
    lists = (store.list_entities(), store.list_all_feature_views(), store.list_feature_services())
    return {
        (type(x).__name__, x.name): re.sub(r"(seconds|nanos): \d+", "", str(x.to_proto().spec))
        for found in lists
        for x in found
    }


@pytest.fixture(params=["file", "sql"])
def own(request, tmp_path, monkeypatch):
    """``own(features)``: a repository of the user's own, applied."""
    monkeypatch.chdir(tmp_path)

    def make(features, **settings):
        repo = own_repo(tmp_path / "repo", features, ROWS, sql=request.param == "sql", **settings)
        done(repo, "apply")
        monkeypatch.chdir(repo)
        return repo

    return make


@pytest.mark.parametrize("case", TAKEN)
def test_publish_refuses_before_it_writes(own, tmp_path, case):
    features, said, fix = TAKEN[case]
    repo = own(features)
    before, known = tree(repo), registered(repo)
    with pytest.raises(StoreError, match=said) as caught:
        publish(snapshot(tmp_path / "runs"), repo)
    assert fix in caught.value.fix
    assert "rename yours" in caught.value.fix
    assert registered(repo) == known
    assert {k: v for k, v in tree(repo).items() if k != "data/.lock"} == before
    assert examine(repo).healthy
    done(repo, "apply")
    assert registered(repo).keys() == known.keys()


def test_all_that_is_taken_is_said_at_once(own, tmp_path):
    repo = own(OTHER_KEY + 'mine = FeatureService(name="ranking_all", features=[stats])\n')
    with pytest.raises(StoreError, match=r"entity user .*; feature service ranking_all"):
        publish(snapshot(tmp_path / "runs"), repo)


@pytest.mark.parametrize("case", TAKEN)
def test_feast_apply_refuses_in_the_files_too(own, tmp_path, case):
    """Published first: then features.py gets an object of one of our names. The last one would win."""
    features, _, fix = TAKEN[case]
    repo = own("")
    publish(snapshot(tmp_path / "runs"), repo)
    known = registered(repo)
    write_features(repo, features)
    result = feast(repo, "apply")
    assert result.exit_code != 0
    views = ("view" in case, type(result.exception).__name__)
    assert views == (True, "ConflictingFeatureViewNames") or fix in getattr(result.exception, "fix", "")
    assert registered(repo) == known
    write_features(repo, CUSTOMER)
    done(repo, "apply")
    assert ("Entity", "customer") in registered(repo)


@pytest.mark.parametrize("name", ["a.py", "z.py"])
def test_feast_apply_looks_into_every_file(own, tmp_path, name):
    """Whether it is read before features.py or after it."""
    repo = own("")
    publish(snapshot(tmp_path / "runs"), repo)
    write_features(repo, OTHER_KEY, tail="")
    (repo / "features.py").rename(repo / name)
    write_features(repo, "")
    result = feast(repo, "apply")
    assert isinstance(result.exception, StoreError)
    assert "join key uid" in result.exception.what


@pytest.mark.parametrize("first", ["apply", "publish"])
def test_an_entity_that_will_do_is_used_and_stays_as_it_is(own, tmp_path, first):
    repo = own(GOOD if first == "apply" else "")
    publish(snapshot(tmp_path / "runs"), repo, publish_delay=DAY)
    write_features(repo, GOOD)
    done(repo, "apply")
    done(repo, "materialize", (T0 - DAY).isoformat(), (T0 + DAY).isoformat())
    publish(snapshot(tmp_path / "runs", 7), repo)
    for _ in range(2):
        store = FeatureStore(repo_path=str(repo))
        (user,) = [e for e in store.list_entities() if e.name == "user"]
        assert (user.join_key, user.value_type) == ("user_id", ValueType.INT64)
        assert (user.description, user.tags, user.owner) == ("our users", {"team": "growth"}, "me")
        row = [{"user_id": IDS[0].as_py()}]
        assert store.get_online_features(["stats:n"], row).to_dict()["n"] == [1]
        done(repo, "apply")
    materialize(repo)
    found = historical(repo, frame([(0, 0, 3)]), ["stats:n", "spectral_user_vector:vector"])
    assert found["stats__n"].to_pylist() == [1]
    assert found["spectral_user_vector__vector"].null_count == 0
    assert examine(repo).healthy


def test_what_is_changed_of_an_entity_in_the_files_arrives(own, tmp_path):
    repo = own(GOOD)
    publish(snapshot(tmp_path / "runs"), repo)
    write_features(repo, GOOD.replace("our users", "everybody"))
    done(repo, "apply")
    assert FeatureStore(repo_path=str(repo)).get_entity("user").description == "everybody"


def test_an_entity_without_a_type_will_do(own, tmp_path):
    repo = own(GOOD.replace("value_type=ValueType.INT64, ", ""))
    publish(snapshot(tmp_path / "runs"), repo)
    done(repo, "apply")
    assert FeatureStore(repo_path=str(repo)).get_entity("user").description == "our users"


def test_the_way_out_of_the_message(own, tmp_path):
    """With the lines that it says, both live side by side: online, in training, in recall, and for doctor."""
    repo = own(OTHER_KEY + 'mine = FeatureService(name="ranking_all", features=[stats])\n')
    known = registered(repo)
    settings = {"entities": {"user": "embedding_user"}, "services": {"ranking_all": "embedding_ranking_all"}}
    (repo / "embedding_features.yaml").write_text(yaml.safe_dump(settings))
    run = publish(snapshot(tmp_path / "runs"), repo, publish_delay=DAY)
    materialize(repo)
    for _ in range(2):
        assert known.items() <= registered(repo).items()
        assert examine(repo).left == []
        ids = frame([(0, 0, 0)]).select(["user_id", "item_id"])
        served = online(repo, ids, "embedding_ranking_all")
        assert (
            served["spectral_user_vector__vector"][0].as_py()
            == run.snapshot.vectors("user").vectors[0].tolist()
        )
        assert historical(repo, frame([(0, 0, 3)]), "embedding_ranking_all").num_columns == 18
        with EmbeddingFeatures(repo) as client:
            assert len(client.recall(IDS, 2, "item", by="user").lists()) == 3
        done(repo, "apply")


@pytest.mark.parametrize(
    "text", ["entities: {user: item}", "services: {ranking_all: ranking_dense}", "entities: {user: '../x'}",
             "services: {ranking: x}", "entities: {user: x, item: x}"]
)  # fmt: skip
def test_settings_that_make_two_of_one_are_refused(own, tmp_path, text):
    repo = own("")
    (repo / "embedding_features.yaml").write_text(text)
    with pytest.raises(ConfigError):
        publish(snapshot(tmp_path / "runs"), repo)
    assert list_published(repo) == []


def test_our_own_are_no_conflict(own, tmp_path):
    """Publish twice, another family, apply from the files and by us, in any order."""
    repo = own("")
    made = snapshot(tmp_path / "runs")
    publish(made, repo)
    publish(made, repo)
    publish(snapshot(tmp_path / "runs", 7, space=2, dim=6), repo)
    publish(snapshot(tmp_path / "runs", family="als"), repo)
    done(repo, "apply")
    apply(repo)
    done(repo, "apply")
    publish(snapshot(tmp_path / "runs", 14, family="als"), repo)
    assert [f.code for f in examine(repo).left if f.code != "not-online"] == []


def test_two_families_whose_views_would_have_one_name(own, tmp_path):
    repo = own("")
    publish(snapshot(tmp_path / "runs", types=("user", "user_item")), repo)
    before = tree(repo)
    with pytest.raises(CompatibilityError, match="view spectral_user_item_clusters, and so has"):
        publish(snapshot(tmp_path / "runs", family="spectral_user"), repo)
    assert tree(repo) == before


def test_a_name_that_was_taken_over_later_is_left(own, tmp_path):
    """By ``store.apply``: a service that was pinned by hand."""
    repo = own("")
    publish(snapshot(tmp_path / "runs"), repo)
    store = FeatureStore(repo_path=str(repo))
    store.apply([FeatureService(name="ranking_dense", features=["spectral_user_vector@v1"])])
    known, made = registered(repo), snapshot(tmp_path / "runs", 7)
    with pytest.raises(StoreError, match="service ranking_dense"):
        publish(made, repo)
    with pytest.raises(StoreError, match="service ranking_dense"):
        apply(repo)
    report = examine(repo, fix=True)
    assert [f.code for f in report.left if f.code != "not-online"] == ["name-taken"]
    assert registered(repo) == known
    store.delete_feature_service("ranking_dense")
    publish(made, repo)


def test_a_view_that_was_taken_over_is_left(own, tmp_path):
    repo = own(GOOD)
    publish(snapshot(tmp_path / "runs"), repo)
    store = FeatureStore(repo_path=str(repo))
    store.delete_feature_view("spectral_user_vector")
    theirs = FeatureView(
        name="spectral_user_vector",
        entities=[store.get_entity("user")],
        schema=[Field(name="n", dtype=Int64)],
        source=FileSource(path=str(repo / "data/stats.parquet"), timestamp_field="event_timestamp"),
    )
    store.apply([theirs])
    known = registered(repo)
    for work in (lambda: publish(snapshot(tmp_path / "runs", 7), repo), lambda: apply(repo)):
        with pytest.raises(StoreError, match="view spectral_user_vector"):
            work()
    assert registered(repo) == known


def test_a_variable_of_the_module_is_not_replaced(own, tmp_path):
    """``globals().update`` would hide what is called as our attributes are."""
    named = CUSTOMER.replace("me = Entity", "entity_user = Entity").replace("[me]", "[entity_user]")
    repo = own(named + 'service_ranking_all = FeatureService(name="theirs", features=[stats])\n')
    publish(snapshot(tmp_path / "runs"), repo)
    done(repo, "apply")
    assert {("Entity", "customer"), ("FeatureService", "theirs")} <= registered(repo).keys()
