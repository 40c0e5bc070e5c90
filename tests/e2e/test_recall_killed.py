"""Kill -9 while an index is published: readers see the old one or the new one, the rerun leaves no rest."""

import json
import subprocess
import sys
from pathlib import Path

from embedding_features.recall import LiveIndex
from tests.paths import ROOT

#: Builds once; then for each line {"k", "live"} forks a child that publishes the index and kills itself at
#: its k-th operation on a file that could leave something behind, and prints the child's exit code.
KILLER = """
import json, os, signal, sys, tempfile
from pathlib import Path
from embedding_features.recall import HNSW, LiveIndex, RecallIndex
from tests.unit.recall.recall_data import skewed, snapshot_of

WATCHED = {"open", "os.rename", "os.mkdir", "os.remove"}
root = Path(tempfile.mkdtemp())
old, new = (
    RecallIndex.build(snapshot_of(root, skewed(200), seed=seed), "item", HNSW(links=4)) for seed in (0, 1)
)

def child(k, live):
    count = 0
    def hook(event, arguments):
        nonlocal count
        reads = event == "open" and arguments[1] in ("r", "rb")
        if event in WATCHED and live in str(arguments[0]) and not reads:
            count += 1
            if count == k:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    LiveIndex(live).publish(new, keep=1)

print(old.manifest.run_id, new.manifest.run_id, flush=True)
for line in sys.stdin:
    request = json.loads(line)
    if not Path(request["live"]).exists():
        LiveIndex(request["live"]).publish(old, keep=1)
    pid = os.fork()
    if pid == 0:
        try:
            child(**request)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


def test_publishing_killed_at_every_step(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as killer:
        assert killer.stdin is not None
        assert killer.stdout is not None
        old, new = killer.stdout.readline().split()

        def publish(k: int, live: Path) -> int:
            print(json.dumps({"k": k, "live": str(live)}), file=killer.stdin, flush=True)
            return int(killer.stdout.readline())  # type: ignore[union-attr]

        seen = []
        for k in range(1, 100):
            live = tmp_path / str(k)
            if publish(k, live) == 0:
                break
            index = LiveIndex(live).current()  # loads and checks every byte
            assert index.search_ids([3], 5).rows.shape == (1, 5)
            seen.append(index.manifest.run_id)
            assert publish(0, live) == 0
            assert LiveIndex(live).current().manifest.run_id == new
            assert len(list(live.glob("*/index.json"))) == 1
            assert list((live / ".staging").iterdir()) == []
        killer.stdin.close()
    assert len(seen) >= 10
    assert set(seen) == {old, new}
    assert seen == sorted(seen, key=[old, new].index)
