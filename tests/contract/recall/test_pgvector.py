"""Indexes on a PostgreSQL server: swapped in one transaction, kept, refused; a writer killed half-way."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedding_features.artifact import Snapshot
from embedding_features.errors import CompatibilityError, ConfigError, DataError, SnapshotError, StoreError
from embedding_features.recall import HNSW, IVFPQ, Exact, RecallIndex
from tests.contract.recall.recall_indexes import postgres
from tests.unit.recall.recall_data import skewed, snapshot_of

VECTORS = skewed(300)
SMALL = HNSW(links=8, ef_construction=32)


@pytest.fixture(scope="module")
def connections() -> Iterator[Any]:
    with postgres() as connections:
        yield connections


def live_in(connections: Any, schema: str, **more: Any) -> Any:
    from embedding_features.recall.pgvector import LivePgVectorIndex

    return LivePgVectorIndex(connections, "item", schema=schema, **more)


def version(root: Path, number: int) -> Snapshot:
    """Lengths grow by the factor 2^number: a score tells which snapshot answered."""
    return snapshot_of(root, VECTORS * np.float32(2**number), seed=number)


def tables(connections: Any, schema: str) -> list[str]:
    with connections.transaction() as connection:
        asked = "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename <> 'indexes'"
        return sorted(name for (name,) in connection.execute(asked, [schema]).fetchall())


def test_readers_see_one_snapshot_or_the_next_while_swapped(connections: Any, tmp_path: Path) -> None:
    versions = [version(tmp_path, number) for number in range(3)]
    queries = skewed(3, seed=9)
    first = {
        float(RecallIndex.build(made, "item").search(queries, 1).scores[0, 0]): made.manifest.run_id
        for made in versions
    }
    live = live_in(connections, "swapped")
    live.publish(versions[0], SMALL)
    wrong: list[object] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                index = live.current()
                hits = index.search(queries, 5)
                if first.get(float(hits.scores[0, 0])) != index.manifest.run_id:
                    wrong.append(hits)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for made in versions[1:]:
        live.publish(made, SMALL, keep=3)
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert live.current().manifest.run_id == versions[-1].manifest.run_id


def test_old_tables_are_dropped_and_one_can_be_pointed_back_to(connections: Any, tmp_path: Path) -> None:
    live = live_in(connections, "kept")
    zero, one, two = (live.publish(version(tmp_path, number), Exact()) for number in range(3))
    assert tables(connections, "kept") == sorted([one.table, two.table])
    live.point(one.table)
    assert live.current().manifest == one.manifest
    with pytest.raises(SnapshotError, match="has no item index"):
        live.point(zero.table)
    assert live.current().table == one.table
    with pytest.raises(StoreError, match="no longer on the server"):
        zero.search(VECTORS[:1], 3)


#: Imports once; then for each moment forks a child that publishes and kills itself there.
KILLED = """
import os, signal, sys
from embedding_features.artifact import Snapshot
from embedding_features.recall import HNSW
from embedding_features.recall.pgvector import Connections, LivePgVectorIndex, tables
uri, folder = sys.argv[1:]

def publish(moment):
    def die(*args):
        os.kill(os.getpid(), signal.SIGKILL)
    if moment == "copying":
        tables.as_binary = die
    elif moment == "indexing":
        tables._write_graph = die
    else:
        LivePgVectorIndex._set_current = die
    LivePgVectorIndex(Connections(uri), "item", schema="killed").publish(Snapshot.open(folder), HNSW())

for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        publish(line.strip())
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


def test_a_killed_writer_leaves_nothing(connections: Any, tmp_path: Path) -> None:
    live, old, new = live_in(connections, "killed"), version(tmp_path, 0), version(tmp_path, 1)
    before = live.publish(old, SMALL, keep=1)
    command = [sys.executable, "-c", KILLED, connections._conninfo, str(new.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killer:
        assert killer.stdin is not None
        assert killer.stdout is not None
        for moment in ("copying", "indexing", "switching"):
            print(moment, file=killer.stdin, flush=True)
            assert int(killer.stdout.readline()) == -signal.SIGKILL, moment
            assert live.current().table == before.table, moment
        killer.stdin.close()
    after = live.publish(new, SMALL, keep=1)  # waits until the server has seen the deaths
    assert tables(connections, "killed") == [after.table]
    assert live.current().manifest == after.manifest


def test_string_ids_and_names_that_want_quoting(connections: Any, tmp_path: Path) -> None:
    ids = [f"ü'\"{i}; DROP TABLE x --" for i in range(300)]
    made = snapshot_of(tmp_path, VECTORS, ids=ids)
    live = live_in(connections, 'we"ird; schema')
    index, want = live.publish(made, SMALL), RecallIndex.build(made, "item")
    queries = skewed(5, seed=3)
    for filters in (
        {"allow": ids[:50]},
        {"deny": [ids[:9]] * 5},
        {"allow": ids[:40], "deny": [ids[:20]] * 5},
    ):
        hits, truth = (i.search(queries, 5, **filters) for i in (index, want))
        assert hits.ids.equals(truth.ids)
        np.testing.assert_array_equal(hits.scores, truth.scores)
    assert index.vectors_of(ids[7:9]).vectors.tolist() == VECTORS[7:9].tolist()


@pytest.mark.parametrize("metric", ["dot", "cosine", "l2"])
def test_exact_search_on_the_server_is_exact_search(connections: Any, tmp_path: Path, metric: str) -> None:
    """Whole numbers as coordinates: many ties, a zero vector and a zero query among them."""
    rng = np.random.default_rng(3)
    vectors = rng.integers(-2, 3, (80, 3)).astype(np.float32)
    vectors[5], queries = 0, rng.integers(-2, 3, (20, 3)).astype(np.float32)
    queries[4] = 0
    made = snapshot_of(tmp_path, vectors, metric)  # type: ignore[arg-type]
    index = live_in(connections, f"exact {metric}").publish(made, Exact())
    want = RecallIndex.build(made, "item")
    for k in (3, 80, 90):
        hits, truth = index.search(queries, k), want.search(queries, k)
        np.testing.assert_array_equal(hits.scores, truth.scores)
        if metric != "cosine":  # where scores are not whole, rounding decides which equal one is kept
            assert hits.ids.equals(truth.ids)


def test_what_it_cannot_do_is_refused(connections: Any, tmp_path: Path) -> None:
    made = version(tmp_path, 0)
    space = made.manifest.space
    live = live_in(connections, "refused")
    with pytest.raises(SnapshotError, match="no item index was published"):
        live.current()
    for settings, named in (
        (IVFPQ(), "ivf_pq"),
        (HNSW(links=200, ef_construction=500), "links = 200"),
        (HNSW(links=60, ef_construction=100), "ef_construction = 100"),
    ):
        with pytest.raises(ConfigError, match=named):
            live.publish(made, settings)
    with pytest.raises(ConfigError, match="2000 dimensions, not 2001"):
        live.publish(snapshot_of(tmp_path / "wide", np.ones((3, 2001), np.float32)), SMALL)
    with pytest.raises(CompatibilityError, match="asked for the metric l2"):
        live.publish(made, SMALL, metric="l2")
    with pytest.raises(DataError, match="keep = 0"):
        live.publish(made, SMALL, keep=0)
    with pytest.raises(StoreError, match=r"NUL|0x00"):
        live.publish(snapshot_of(tmp_path / "nul", VECTORS[:2], ids=["a", "b\0"]), SMALL)
    live.publish(made, SMALL)
    other = live_in(connections, "refused", space=space.model_copy(update={"version": 7}))
    for call in (other.current, lambda: other.publish(made, SMALL)):
        with pytest.raises(CompatibilityError, match=r"toy\.s7.*toy\.s1"):
            call()


def test_a_server_that_is_gone_is_named_and_found_again(tmp_path: Path) -> None:
    from embedding_features.recall.pgvector import Connections

    with postgres() as connections:
        live = live_in(connections, "gone")
        live.publish(version(tmp_path, 0), SMALL)
        with connections.transaction() as connection:
            pid = connection.info.backend_pid
        os.kill(pid, signal.SIGTERM)
        with pytest.raises(StoreError, match="PostgreSQL"):
            live.current()
        assert live.current().search(VECTORS[:1], 2).rows.shape == (1, 2)
        nowhere = Connections(f"host={tmp_path}")
        with pytest.raises(StoreError, match="PostgreSQL: connection"):
            live_in(nowhere, "gone").current()
