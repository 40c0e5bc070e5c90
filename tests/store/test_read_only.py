"""A user who may only read a repository, or not even all of it: answers, or errors that say what to do."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from embedding_features.store import materialize, publish
from tests.paths import ROOT
from tests.store.builders import DAY, make_repo, snapshot
from tests.store.repos import use_sql

NOBODY = "65534"
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="becomes another user, which only root can"
)
READ = """
import json, sys
from pathlib import Path
import embedding_features as ef
from embedding_features.errors import EmbeddingFeaturesError
from embedding_features.store import apply, historical, materialize, online, publish
from embedding_features.store.doctor import examine
from tests.store.builders import frame, ids_of
repo, run = sys.argv[1:]
ids, rows = ids_of("user", 2), frame([(0, 0, 3)])
client = lambda: ef.EmbeddingFeatures(repo)
ways = {
    "client": lambda: int(client().online(ids, ["spectral_user_vector"])["spectral_user_vector"].found.sum()),
    "online": lambda: online(repo, rows.select(["user_id"]), ["spectral_user_vector"]).num_rows,
    "historical": lambda: historical(repo, rows, "ranking_dense")["spectral_user_vector__vector"].null_count,
    "recall": lambda: len(client().recall(ids, 2, "item", by="user").lists()),
    "doctor": lambda: [f.code for f in examine(repo).left],
    "fix": lambda: [f.code for f in examine(repo, fix=True).left],
    "publish": lambda: publish(run, repo).version,
    "materialize": lambda: len(materialize(repo)),
    "apply": lambda: apply(repo),
}
for line in sys.stdin:  # the names of ways; answered in one line
    answers = {}
    for name in line.split():
        try:
            answers[name] = ways[name]()
        except EmbeddingFeaturesError as error:
            answers[name] = [type(error).__name__, str(error), error.fix]
        except BaseException as error:
            answers[name] = ["RAW", type(error).__name__, str(error)]
    print("ANSWER " + json.dumps(answers), flush=True)
"""
WAYS = ("client", "online", "historical", "recall", "doctor", "fix", "publish", "materialize", "apply")


@pytest.fixture(params=["file", "sql", "stock"])
def repo(request, tmp_path):
    """A repository that anybody may read."""
    repo = make_repo(tmp_path / "repo", stock=request.param == "stock")
    if request.param == "sql":
        use_sql(repo)
    publish(snapshot(tmp_path / "runs"), repo, publish_delay=DAY)
    materialize(repo)
    snapshot(tmp_path / "new", 7)
    (tmp_path / "read.py").write_text(READ)
    reachable(tmp_path)
    subprocess.run(["chmod", "-R", "go=rX", tmp_path], check=True)
    return repo


def reachable(folder):
    """Let others reach a folder of pytest's, which may be one of several processes'."""
    for above in (folder, *folder.parents[:3]):
        if above == folder or above.name.startswith(("pytest-", "popen-")):
            above.chmod(0o755)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """What a process without rights compiles is kept for the next one."""
    home = tmp_path_factory.mktemp("home")
    reachable(home)
    home.chmod(0o777)
    return home


@pytest.fixture
def as_nobody(repo, tmp_path, home):
    """``as_nobody(*ways)``: what a process without rights is answered."""
    (run,) = (tmp_path / "new").glob("spectral-*")
    user = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", sys.executable, "-W", "ignore"]
    environment = {"HOME": str(home), "NUMBA_CACHE_DIR": str(home), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*user, str(tmp_path / "read.py"), str(repo), str(run)],
        env=environment | {"PYTHONPYCACHEPREFIX": str(home), "PATH": os.environ["PATH"]},
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def ask(*ways):
            process.stdin.write(" ".join(ways) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                if line.startswith("ANSWER "):
                    return json.loads(line.removeprefix("ANSWER "))
            raise AssertionError("the process ended")

        yield ask
        process.stdin.close()


def test_who_may_only_read_is_answered(repo, as_nobody):
    """Recall's index stays in memory; what would write ends in an error that says who may."""
    before = sorted(repo.rglob("*"))
    found = as_nobody(*WAYS)
    read = {"client": 2, "online": 1, "historical": 0, "recall": 2, "doctor": [], "fix": []}
    assert {name: found[name] for name in read} == read
    for name in ("publish", "materialize", "apply"):
        assert found[name][0] == "StoreError", found[name]
        assert "run as the one who publishes" in found[name][2]
    assert sorted(repo.rglob("*")) == before


CLOSED = [
    *(".", "feature_store.yaml", "data", "data/registry*", "data/online*", "data/snapshots"),
    *("data/snapshots/*/*", "data/snapshots/*/*/manifest.json", "data/snapshots/*/*/*_vector.parquet"),
]


def test_what_may_not_be_read_is_named(repo, as_nobody):
    """Whatever is closed to it, no way ends in a raw exception, and none answers without what it needs."""
    for closed in CLOSED:
        paths = [repo] if closed == "." else list(repo.glob(closed))
        modes = {path: path.stat().st_mode for path in paths}
        for path in paths:
            path.chmod(0o700 if path.is_dir() else 0o600)
        found = as_nobody(*WAYS)
        for path, mode in modes.items():
            path.chmod(mode)
        refused = {
            name: answer for name, answer in found.items() if isinstance(answer, list) and len(answer) == 3
        }
        assert [answer for answer in refused.values() if answer[0] == "RAW"] == [], closed
        if closed in (".", "feature_store.yaml", "data"):
            assert set(refused) == set(WAYS), closed
    (repo / "data/recall").mkdir()
    (repo / "data/recall").chmod(0o700)  # an index that may not be read is built anew
    assert as_nobody("recall") == {"recall": 2}
