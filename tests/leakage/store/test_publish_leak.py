"""A leak planted on purpose is caught at the gate, and by the check that users have on a repository."""

import json
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedding_features.errors import LeakError, SnapshotError
from embedding_features.files import sha256_file
from embedding_features.store import list_published, publish, publish_series, verify_repo
from tests.store.builders import DAY, T0, US, make_repo, snapshot, with_table


@pytest.fixture
def repo(tmp_path):
    return make_repo(tmp_path / "repo")


def tamper(run, change):
    """Edit the manifest of a published run."""
    path = run.folder / "manifest.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def rewrite(run, name, column, values):
    """Replace a column of a published table, checksum and all."""
    table = pq.read_table(run.folder / name)
    pq.write_table(table.set_column(table.column_names.index(column), column, values), run.folder / name)
    tamper(run, lambda data: data["files"].update({name: sha256_file(run.folder / name)}))


def test_a_snapshot_dated_before_its_edges_is_refused(repo, tmp_path):
    leaky = snapshot(tmp_path / "runs", last_edge=timedelta(microseconds=1))
    with pytest.raises(LeakError, match="relation likes has an edge of") as caught:
        publish(leaky, repo)
    assert caught.value.exit_code == 4
    assert list_published(repo) == []


def test_edges_without_times_need_a_word(repo, tmp_path):
    timeless = snapshot(tmp_path / "runs", last_edge=None)
    with pytest.raises(LeakError, match="5 edges of relation likes without a time"):
        publish(timeless, repo)
    publish(timeless, repo, allow_timeless=True)
    with pytest.raises(LeakError, match="without a time"):
        verify_repo(repo)
    assert len(verify_repo(repo, allow_timeless=True)) == 1


def test_a_snapshot_is_not_published_before_its_moment(repo, tmp_path):
    made = snapshot(tmp_path / "runs")
    with pytest.raises(LeakError, match="before its as_of"):
        publish(made, repo, published=T0 - timedelta(microseconds=1))
    with pytest.raises(LeakError, match="before its as_of"):
        publish(made, repo, publish_delay=-DAY)
    assert publish(made, repo, publish_delay=timedelta(0)).created == T0


def test_rows_that_claim_another_moment_are_refused(repo, tmp_path):
    """Rows dated early would be joined to labels that they know the future of."""

    def earlier(table):
        moments = pa.array([T0 - 30 * DAY] + [T0] * (len(table) - 1), US)
        return table.set_column(table.column_names.index("event_timestamp"), "event_timestamp", moments)

    made = with_table(snapshot(tmp_path / "runs"), "item_tokens.parquet", earlier)
    with pytest.raises(LeakError, match="has rows of"):
        publish(made, repo)
    assert list_published(repo) == []


@pytest.mark.parametrize("days", [7, 3])
def test_a_space_grows_forward_only(repo, tmp_path, days):
    """What is dated before a published snapshot was aligned to, and coded by, what came later."""
    publish(snapshot(tmp_path / "a", 7), repo)
    with pytest.raises(LeakError, match=r"comes after run .* in space spectral\.s1"):
        publish(snapshot(tmp_path / "b", days, seed=1), repo)
    assert (
        publish(snapshot(tmp_path / "c", days, space=2), repo).version == 2
    )  # a space of its own may be older


def test_a_good_repository_is_verified(repo, tmp_path):
    runs = publish_series([snapshot(tmp_path / "runs", d) for d in (0, 7)], repo, publish_delay=DAY)
    assert verify_repo(repo) == runs
    assert verify_repo(make_repo(tmp_path / "empty")) == []


LATE = (T0 + timedelta(microseconds=1)).isoformat()


@pytest.mark.parametrize(
    ("plant", "error", "message"),
    [
        (
            lambda run: tamper(run, lambda d: d["edges"]["likes"].update(last=LATE)),
            LeakError,
            "has an edge of",
        ),
        (lambda run: tamper(run, lambda d: d.update(as_of=LATE, published=LATE)), LeakError, "has rows of"),
        (
            lambda run: rewrite(run, "user_vector.parquet", "event_timestamp", pa.array([T0 - DAY] * 20, US)),
            LeakError,
            "has rows of",
        ),
        (
            lambda run: rewrite(run, "user_vector.parquet", "created_timestamp", pa.array([T0] * 20, US)),
            SnapshotError,
            "not created at",
        ),
        (lambda run: (run.folder / "item_vector.parquet").write_bytes(b"PAR1"), SnapshotError, "SHA-256"),
        (lambda run: (run.folder / "item_vector.parquet").unlink(), SnapshotError, "lacks the file"),
        (lambda run: (run.folder / "manifest.json").unlink(), SnapshotError, "has no manifest"),
    ],
)
def test_a_leak_or_damage_planted_later_is_found(repo, tmp_path, plant, error, message):
    plant(publish(snapshot(tmp_path / "runs"), repo, publish_delay=DAY))
    with pytest.raises(error, match=message):
        verify_repo(repo)
