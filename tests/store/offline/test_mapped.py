"""Published snapshots in a repository that names our store: the mapped files, and what becomes of them."""

import os
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedding_features.store import historical, list_published, materialize, online, publish, publish_series
from embedding_features.store.offline.asof import join_by_asof
from embedding_features.store.offline.decoded import _open, open_decoded
from tests.store.builders import DAY, frame, ids_of, make_repo, snapshot
from tests.store.offline_world import KIND

ASOF = "embedding_features.store.offline.job.join_by_asof"
ROWS = frame([(0, 1, 2.0), (9, 9, 3.5), (17, 2, 9.0), (25, 0, 9.0), (3, 3, 0.0), (0, 29, 7.5)])


def our_repo(path):
    repo = make_repo(path)
    config = repo / "feature_store.yaml"
    config.write_text(config.read_text().replace("type: duckdb", f"type: {KIND}"))
    return repo


@pytest.fixture
def pair(tmp_path):
    """The same two snapshots in two repositories: ours, and one with Feast's store."""
    made = [snapshot(tmp_path / "runs", 0), snapshot(tmp_path / "runs", 7, counts=(15, 30))]
    repos = [our_repo(tmp_path / "ours"), make_repo(tmp_path / "stock")]
    for repo in repos:
        publish_series(made, repo, publish_delay=DAY)
    _open.cache_clear()
    return repos


def arrows(repo):
    return sorted(repo.glob("data/snapshots/*/*/.*.arrow"))


def sources(repo):
    return [str(run.folder / "user_vector.parquet") for run in list_published(repo)]


@pytest.mark.parametrize("guard", [False, True])
def test_a_whole_service_without_a_join(pair, guard):
    ours, stock = pair
    with patch(ASOF, side_effect=AssertionError):
        found = historical(ours, ROWS, "ranking_all", filter_by_created_timestamp=guard)
    assert found == historical(stock, ROWS, "ranking_all", filter_by_created_timestamp=guard)
    assert 0 < found["spectral_user_vector__vector"].null_count < len(ROWS)
    assert len(arrows(ours)) == 2 * 8


def test_materialize_and_read_online(pair):
    """What we did not change still works."""
    served = []
    for repo in pair:
        materialize(repo)
        users = pa.table({"user_id": ids_of("user", 15)})
        served.append(online(repo, users, ["spectral_user_vector"]))
    assert served[0] == served[1]
    assert served[0].column(1).null_count == 0


def test_decoded_once_and_equal_to_the_table(pair):
    ours, _ = pair
    decoded = open_decoded(sources(ours))
    first = [path.stat().st_mtime_ns for path in arrows(ours)]
    _open.cache_clear()
    again = open_decoded(sources(ours))
    assert [path.stat().st_mtime_ns for path in arrows(ours)] == first
    for one, other, run in zip(decoded, again, list_published(ours), strict=True):
        assert one.table == other.table == run.snapshot.table("user").select(["user_id", "vector"])
        assert (one.as_of, one.created) == tuple(int(t.timestamp() * 10**6) for t in (run.as_of, run.created))


def test_a_new_snapshot_is_seen_at_once(pair, tmp_path):
    ours, _ = pair
    late = frame([(0, 0, 15.0)])
    before = historical(ours, late, ["spectral_user_vector"])
    publish(snapshot(tmp_path / "runs", 14), ours, publish_delay=DAY)
    assert historical(ours, late, ["spectral_user_vector"]) != before


def test_an_altered_table_is_joined_as_it_is(pair):
    """The manifest no longer knows the file: no mapped copy of the old one answers for it."""
    ours, _ = pair
    historical(ours, ROWS, ["spectral_user_vector"])
    path = list_published(ours)[0].folder / "user_vector.parquet"
    table = pq.read_table(path, partitioning=None)
    zeros = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(4 * len(table), np.float32)), 4)
    pq.write_table(table.set_column(1, "vector", zeros), path)
    with patch(ASOF, side_effect=join_by_asof) as slow:
        found = historical(ours, ROWS, ["spectral_user_vector"])
    assert slow.called
    assert found["spectral_user_vector__vector"][0].as_py() == [0, 0, 0, 0]


def test_a_damaged_mapped_file_is_made_anew(pair):
    ours, _ = pair
    wanted = historical(ours, ROWS, ["spectral_user_vector"])
    for path in arrows(ours):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    _open.cache_clear()
    with patch(ASOF, side_effect=AssertionError):
        assert historical(ours, ROWS, ["spectral_user_vector"]) == wanted


def test_no_room_for_mapped_files(pair, caplog):
    """Full disk or no right to write: joined from Parquet, and said so."""
    ours, stock = pair
    with patch("embedding_features.store.offline.decoded.atomic_file", side_effect=OSError("disk full")):
        found = historical(ours, ROWS, ["spectral_user_vector"])
    assert found == historical(stock, ROWS, ["spectral_user_vector"])
    assert "disk full" in caplog.text
    assert not arrows(ours)


def test_mapped_files_can_be_declined(pair):
    ours, stock = pair
    config = ours / "feature_store.yaml"
    config.write_text(config.read_text().replace(KIND, f"{KIND}\n  map_snapshots: false"))
    assert historical(ours, ROWS, ["spectral_user_vector"]) == historical(
        stock, ROWS, ["spectral_user_vector"]
    )
    assert not arrows(ours)


def test_a_restored_file_leaves_one_mapped_file(pair):
    ours, _ = pair
    historical(ours, ROWS, ["spectral_user_vector"])
    for name in sources(ours):
        os.utime(name, ns=(1, 1))
    historical(ours, ROWS, ["spectral_user_vector"])
    assert len(arrows(ours)) == 2
