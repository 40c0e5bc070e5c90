"""A process that compiles als' kernel and the next one, which loads it from disk, give the same bits."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.paths import ROOT

FIT = """
import hashlib, json
import numpy as np
from embedding_features.graph import CSR
from embedding_features.solvers.conjugate_gradients import conjugate_gradients
from embedding_features.solvers.ials import IALS
from tests.graph_views import matrix_view, sides

rng = np.random.default_rng(0)
group = np.arange(60) % 4
likes = rng.random((60, 40)) < np.where(group[:, None] == np.arange(40) % 4, 0.8, 0.05)
forward = CSR.from_edges(*np.nonzero(likes), likes.shape)
view = matrix_view(forward)
vectors = [x for dim in (8, 20, 32) for x in sides(IALS(dim=dim, iterations=2), view)]
bits = [hashlib.sha256(x.tobytes()).hexdigest() for x in vectors]
stats = conjugate_gradients.stats
print(json.dumps({"bits": bits, "compiled": len(stats.cache_misses), "loaded": len(stats.cache_hits)}))
"""


def fit(cache: Path) -> dict[str, Any]:
    """Fit in a fresh process that keeps what it compiles in ``cache``."""
    done = subprocess.run(
        [sys.executable, "-c", FIT],
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.slow
def test_als_has_the_same_bits_from_a_cold_and_a_warm_cache(tmp_path: Path) -> None:
    cold, warm = fit(tmp_path), fit(tmp_path)
    assert (cold["compiled"], cold["loaded"]) == (1, 0)
    assert (warm["compiled"], warm["loaded"]) == (0, 1)
    assert cold["bits"] == warm["bits"]
