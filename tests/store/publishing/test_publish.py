"""Publish: what gets in, what is refused, and that a rerun changes nothing."""

from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedding_features.artifact import Snapshot
from embedding_features.errors import (
    CompatibilityError,
    ConfigError,
    HealthError,
    SnapshotError,
    StoreError,
)
from embedding_features.space import HealthConfig
from embedding_features.store import list_published, publish, publish_series
from tests.store.builders import DAY, T0, edited, snapshot, tree, with_table


def test_a_published_snapshot_is_stamped_and_otherwise_the_same(repo, tmp_path):
    made = snapshot(tmp_path / "runs")
    run = publish(made, repo, published=T0 + DAY)
    assert (run.version, run.created) == (1, T0 + DAY)
    assert run.folder == repo.resolve() / "data/snapshots/spectral.s1" / made.manifest.run_id
    assert list_published(repo) == [run]
    for table in made.tables:
        times = run.snapshot.table(*table).column("created_timestamp")
        assert times.unique().to_pylist() == [T0 + DAY]
        kept = [c for c in run.snapshot.table(*table).column_names if c != "created_timestamp"]
        assert run.snapshot.table(*table).select(kept).equals(made.table(*table).select(kept))
    assert (run.folder / "codebooks/user_pq_tokens.json").read_text() == "b.spectral.s1.user.pq_tokens"


def test_publishing_again_changes_nothing(repo, tmp_path):
    made = snapshot(tmp_path / "runs")
    run = publish(made, repo, publish_delay=DAY)
    before = tree(run.folder)
    assert publish(str(made.folder), str(repo)) == run
    assert publish(made, repo, publish_delay=DAY) == run
    assert tree(run.folder) == before


def test_a_run_published_before_is_not_replaced(repo, tmp_path):
    """Neither by other values, nor by another time."""
    made = snapshot(tmp_path / "runs")
    publish(made, repo, publish_delay=DAY)
    with pytest.raises(SnapshotError, match=r"is published already .* at "):
        publish(made, repo, publish_delay=2 * DAY)
    other = with_table(made, "user_tokens.parquet", lambda t: t.set_column(1, "pq_tokens", t["rq_tokens"]))
    with pytest.raises(SnapshotError, match="with other content"):
        publish(other, repo)


def test_versions_count_the_runs_of_a_family(repo, tmp_path):
    runs = [
        snapshot(tmp_path / "runs", 7),
        snapshot(tmp_path / "runs", 0),
        snapshot(tmp_path / "runs", 7, space=2),
        snapshot(tmp_path / "runs", 7, family="als"),
    ]
    done = publish_series(runs, repo)
    assert [(r.manifest.space.id, r.as_of - T0, r.version) for r in done] == [
        ("spectral.s1", timedelta(0), 1),
        ("spectral.s1", 7 * DAY, 2),
        ("spectral.s2", 7 * DAY, 3),
        ("als.s1", 7 * DAY, 1),
    ]


def test_the_default_publish_time_is_now(repo, tmp_path):
    run = publish(snapshot(tmp_path / "runs"), repo)
    assert run.created == run.manifest.published > run.as_of


def drop_health(data):
    data["health"].pop("item")


def other_dim(data):
    data["space"]["metric"] = "cosine"


def unaligned(data):
    data["alignment"] = None


def test_unexamined_and_unhealthy_snapshots_are_refused(repo, tmp_path):
    with pytest.raises(HealthError, match="no health figures for item") as caught:
        publish(snapshot(tmp_path / "a", change=drop_health), repo)
    assert caught.value.exit_code == 3
    good = snapshot(tmp_path / "b")
    with pytest.raises(HealthError, match="effective_rank"):
        publish(good, repo, health=HealthConfig(min_effective_rank=1))
    poor = edited(good, lambda data: data["health"]["user"].update(cluster_usage=0.01))
    with pytest.raises(HealthError, match=r"0\.01 of the user clusters"):
        publish(poor, repo)
    assert list_published(repo) == []


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"change": other_dim}, "says space spectral.s1"),
        ({"dim": 5}, "dim=5"),
        ({"books": "other"}, "codebooks .*other.spectral.s1"),
        ({"change": unaligned}, "is not aligned"),
        ({"id_type": "string"}, "item ids are string"),
    ],
)
def test_a_space_stays_what_it_was(repo, tmp_path, how, message):
    publish(snapshot(tmp_path / "a"), repo)
    with pytest.raises(CompatibilityError, match=message):
        publish(snapshot(tmp_path / "b", 7, **how), repo)
    assert len(list_published(repo)) == 1


def test_another_family_with_other_ids_is_refused(repo, tmp_path):
    publish(snapshot(tmp_path / "a"), repo)
    with pytest.raises(CompatibilityError, match="item ids are string"):
        publish(snapshot(tmp_path / "b", family="als", id_type="string"), repo)
    assert len(list_published(repo)) == 1


def null_inside(table):
    values = table["pq_tokens"].to_pylist()
    values[3][1] = None
    return table.set_column(1, "pq_tokens", pa.array(values, pa.list_(pa.int64())))


def not_a_number(table):
    values = table["vector"].to_pylist()
    values[2][0] = float("nan")
    return table.set_column(1, "vector", pa.array(values, pa.list_(pa.float32(), 4)))


def ragged(table):
    values = table["vector"].to_pylist()
    values[2] = values[2][:3]
    return table.set_column(1, "vector", pa.array(values, pa.list_(pa.float32())))


def twice(table):
    return pa.concat_tables([table.slice(0, 19), table.slice(0, 1)])


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("user_tokens.parquet", null_inside, "nulls in or inside pq_tokens"),
        ("user_vector.parquet", not_a_number, "NaN or infinity in vector"),
        ("user_vector.parquet", ragged, "other lengths than 4"),
        ("user_vector.parquet", twice, "20 rows, 0 null and 19 distinct"),
        ("user_tokens.parquet", lambda t: t.slice(1), "19 rows"),
        ("user_tokens.parquet", lambda t: t.drop_columns("user_id"), "no column user_id"),
    ],
)
def test_tables_that_stores_would_take_in_silence(repo, tmp_path, file, change, message):
    with pytest.raises(SnapshotError, match=message):
        publish(with_table(snapshot(tmp_path / "runs"), file, change), repo)
    assert list_published(repo) == []


def test_damaged_folders_and_wrong_arguments(repo, tmp_path):
    made = snapshot(tmp_path / "runs")
    with pytest.raises(SnapshotError, match="no snapshot at"):
        publish(tmp_path / "nowhere", repo)
    with pytest.raises(StoreError, match="no feature_store"):
        publish(made, tmp_path)
    with pytest.raises(ConfigError, match="no zone"):
        publish(made, repo, published=T0.replace(tzinfo=None))
    with pytest.raises(ConfigError, match="give one of them"):
        publish(made, repo, published=T0, publish_delay=DAY)
    pq.write_table(made.table("user").slice(1), made.folder / "user_vector.parquet")
    with pytest.raises(SnapshotError, match="SHA-256"):
        publish(made, repo)
    assert list_published(repo) == []


def test_a_folder_put_there_by_hand_is_named(repo, tmp_path):
    made = snapshot(tmp_path / "runs")
    hand = repo / "data/snapshots/spectral.s1" / made.manifest.run_id
    hand.parent.mkdir(parents=True)
    made.folder.rename(hand)
    with pytest.raises(SnapshotError, match="without publishing"):
        list_published(repo)
    assert Snapshot.open(hand)
