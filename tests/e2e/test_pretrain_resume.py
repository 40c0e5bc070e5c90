"""A training process killed with SIGKILL and started again ends in the same vectors, bit for bit."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FIT = """
import sys, time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
import numpy as np
from embedding_features.graph import Graph
from embedding_features.methods import lightgcn

class Lines:
    @contextmanager
    def task(self, name, total=None):
        def advance(steps=1, status=""):
            if status:
                print(status, flush=True)
                time.sleep(0.02)  # so that the kill arrives before the end
        yield advance

rng = np.random.default_rng(0)
edges = {("user", "saw", "item"): (rng.integers(0, 300, 6000), rng.integers(0, 200, 6000) ** 2 // 200)}
graph = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges)
method = lightgcn(dim=8, epochs=30, batch_size=512, lr=1e-2)
training = method.training.model_copy(update={"patience": 30})
method = method.model_copy(update={"training": training})
result = method.fit(graph, seed=5, checkpoint=Path(sys.argv[1]), progress=Lines())
np.savez(sys.argv[2], **{t: table.vectors for t, table in result.tables.items()})
"""


def start(folder: Path, out: Path) -> "subprocess.Popen[str]":
    environment = os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    command = [sys.executable, "-c", FIT, str(folder), str(out)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


@pytest.mark.slow
def test_killed_and_resumed_is_as_never_killed(tmp_path: Path) -> None:
    whole = start(tmp_path / "whole", tmp_path / "whole.npz")
    killed = start(tmp_path / "run", tmp_path / "run.npz")
    assert killed.stdout is not None
    for line in killed.stdout:
        if line.startswith("epoch 13 "):
            killed.kill()
            break
    killed.wait()
    assert killed.returncode == -9
    assert not (tmp_path / "run.npz").exists()
    resumed = start(tmp_path / "run", tmp_path / "run.npz")
    lines, expected = resumed.communicate()[0].splitlines(), whole.communicate()[0].splitlines()
    assert (resumed.returncode, whole.returncode) == (0, 0)
    assert lines[0].startswith("epoch 11 ")
    assert lines == expected[10:]  # losses and metrics of every epoch, too
    one, other = np.load(tmp_path / "whole.npz"), np.load(tmp_path / "run.npz")
    for node_type in ("user", "item"):
        np.testing.assert_array_equal(one[node_type], other[node_type])
