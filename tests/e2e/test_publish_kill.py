"""Kill -9 while publishing: no half snapshot is ever seen, and the rerun ends as if nothing had happened."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from embedding_features.store import (
    historical,
    list_published,
    materialize,
    online,
    publish_series,
    verify_repo,
)
from tests.paths import ROOT
from tests.store.builders import DAY, frame, make_repo, snapshot, tree
from tests.store.publishing.test_versions import recorded, service_pins

LABELS = frame([(0, 1, 1.0), (3, 2, 8.0), (19, 29, 30.0)])

#: Imports once; then for each line {"k", "job", "repo", "runs"} forks a child that kills itself at its k-th
#: operation on a file of the repository that could leave something behind, and prints the child's exit code.
#: With k = 0 it lives, and its exit code is the number of such operations.
KILLER = """
import json, os, signal, sys
from datetime import timedelta
from pathlib import Path
import sqlite3
from embedding_features.store import materialize, publish_series
import embedding_features.store.session

WATCHED = {"open", "os.rename", "os.mkdir", "os.remove", "shutil.copyfile", "sqlite3.connect"}

count = 0

def child(k, job, repo, runs):
    def hook(event, arguments):
        global count
        reads = event == "open" and arguments[1] in ("r", "rb")
        if event in WATCHED and repo in str(arguments[0]) and not reads:
            count += 1
            if count == k:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    if job == "publish":
        publish_series([Path(run) for run in runs], Path(repo), publish_delay=timedelta(days=1))
    else:
        materialize(Path(repo))

for line in sys.stdin:
    request = json.loads(line)
    pid = os.fork()
    if pid == 0:
        try:
            child(**request)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(255)
        os._exit(count if request["k"] == 0 else 0)
    status = os.waitpid(pid, 0)[1]
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


@pytest.fixture(scope="module")
def killer():
    """Run a job that dies at its k-th operation; returns the child's exit code, -9 when it was killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )

    def run(k, job, repo, runs=()):
        request = {"k": k, "job": job, "repo": str(repo), "runs": list(map(str, runs))}
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    yield run
    process.stdin.close()
    process.wait()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Two runs, and what an undisturbed publication of them leaves."""
    root = tmp_path_factory.mktemp("whole")
    runs = [snapshot(root / "runs", d).folder for d in (0, 7)]
    repo = make_repo(root / "repo")
    publish_series(runs, repo, publish_delay=DAY)
    found = historical(repo, LABELS, "ranking_all")
    materialize(repo)
    return runs, repo, found


def published(repo):
    """Every published file with its bytes; hidden ones are the offline store's, decoded at a first read."""
    files = tree(repo / "data/snapshots")
    return {name: data for name, data in files.items() if not Path(name).name.startswith(".")}


def state(repo):
    """Registry without the times at which it was written, and without the folder."""
    views = {name: (active, numbers, runs) for name, (active, numbers, runs, _) in recorded(repo).items()}
    return views, service_pins(repo)


@pytest.mark.slow
def test_killed_anywhere_it_ends_the_same(whole, killer, tmp_path):
    runs, undisturbed, found = whole
    snapshots = published(undisturbed)
    steps = killer(0, "publish", make_repo(tmp_path / "counted"), runs)
    assert 50 < steps < 255
    placed = set()
    for k in np.linspace(1, steps, 7).astype(int).tolist():
        repo = make_repo(tmp_path / f"repo{k}")
        assert killer(k, "publish", repo, runs) == -9
        seen = verify_repo(repo)  # whole snapshots only
        assert len(seen) == len(list(repo.glob("data/snapshots/spectral.s1/*/user_vector.parquet")))
        placed.add(len(seen))
        publish_series(runs, repo, publish_delay=DAY)
        assert published(repo) == snapshots
        assert state(repo) == state(undisturbed)
        assert not list((repo / "data").glob(".*.tmp"))
    assert placed == {0, 1, 2}
    assert historical(repo, LABELS, "ranking_all").equals(found)


def test_a_killed_materialization_is_completed(whole, killer, tmp_path):
    runs, undisturbed, _ = whole
    ids = LABELS.select(["user_id", "item_id"])
    repo = make_repo(tmp_path / "repo")
    publish_series(runs, repo, publish_delay=DAY)
    codes = [killer(k, "materialize", repo) for k in (1, 4, 9)]
    assert codes[-1] == -9
    assert sum(m.written for m in materialize(repo)) > 0
    assert online(repo, ids, "ranking_all").equals(online(undisturbed, ids, "ranking_all"))
    assert len(list_published(repo)) == 2
