"""Measures rows per second of our torch rankers against deepctr-torch's and fuxictr's, at equal sizes.

The share of LightGBM's pipeline that is not LightGBM (:mod:`benchmarks.ranker_pipeline`) stands beside them.

    python -m benchmarks.ranker_speed --json

10 categorical fields of 10,000 values, 16 dimensions, 13 numbers, layers of 256 and 128, batches of 4,096,
Adam over all weights at every step for all, and a pass over the same validation rows after each epoch. Ours
is the whole ``fit`` of a ranker from its inputs, building and tensors too; theirs the fit of a model that is
built already. The peers' libraries get an environment of their own (:mod:`benchmarks.peer_environment`); all
run in one process on all cores, by turns, after a warm-up, and the best of ``--repeats`` counts. Ours keeps
what is discrete and what is continuous in towers of their own: the continuous one is small, so that both
sides have about as many weights. deepctr-torch's DCN as it is by default, crosses of a vector, stands beside
our crosses of rank 1, and its full matrices beside ours.
"""

import argparse
import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks.harness import emit
from benchmarks.peer_environment import peer_python
from benchmarks.ranker_peers import DIM, LAYERS, VALUES, DeepCTR, FuxiCTR, Way
from benchmarks.ranker_pipeline import pipeline
from ranking.inputs.fields import Category, Number
from ranking.inputs.inputs import Inputs
from ranking.models import DLRM, DCNv2, Ranker, WideDeep
from ranking.models.network import FittedNetwork
from ranking.models.training import RankerTraining

BATCH, FIELDS, NUMBERS = 4096, 10, 13
#: ours and theirs → name of the ratio; ``train_vs_deepctr`` is the smaller of the first two
PAIRS = {
    ("wide_deep", "deepctr_wdl"): "wide_deep_{}_vs_deepctr",
    ("dcn_v2", "deepctr_dcn"): "dcn_v2_{}_vs_deepctr",
    ("dcn_v2_full", "deepctr_dcn_matrix"): "dcn_v2_full_{}_vs_deepctr_matrix",
    ("dlrm", "fuxictr_dlrm"): "dlrm_{}_vs_fuxictr",
}


def make_inputs(rows: int, seed: int) -> Inputs:
    """Return uniform codes and normal numbers; the label knows a little of both."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(1, VALUES, (FIELDS, rows)).astype(np.int32)
    numbers = rng.standard_normal((NUMBERS, rows)).astype(np.float32)
    chance = 1 / (1 + np.exp(1 - numbers[0] - (codes[0] % 2)))
    fields = [
        Category(f"code{i}", "base", "item" if i % 2 else "user", f"code{i}", c, VALUES, place=str(i // 2))
        for i, c in enumerate(codes)
    ]
    dense = [Number(f"dense{i}", "base", values) for i, values in enumerate(numbers)]
    return Inputs((rng.random(rows) < chance).astype(np.float32), (*fields, *dense))


class Ours:
    """Trains a ranker of this project by its public fit and predict."""

    def __init__(self, ranker: Ranker, data: Inputs, validation: Inputs) -> None:
        self.ranker, self.data, self.validation = ranker, data, validation

    def train(self) -> None:
        """See :class:`.Way`."""
        self.fitted = self.ranker.fit(self.data, self.validation, 0)

    def score(self) -> np.ndarray:
        """See :class:`.Way`."""
        return self.fitted.predict(self.data)

    def parameters(self) -> int:
        """See :class:`.Way`."""
        assert isinstance(self.fitted, FittedNetwork)
        return sum(p.numel() for p in self.fitted.model.parameters())


def make_ways(data: Inputs, epochs: int, folder: Path) -> dict[str, Callable[[], Way]]:
    """Return name → a function that makes a ranker anew."""
    training = RankerTraining(batch_rows=BATCH, epochs=epochs, patience=epochs, decay=1e-5)
    towers = {"dim": DIM, "training": training, "discrete": LAYERS, "continuous": (64, 32)}
    wide_deep = WideDeep.model_validate({**towers, "buckets": 2**17})
    dcn, dcn_full = DCNv2.model_validate({**towers, "rank": 1}), DCNv2.model_validate(towers)
    dlrm = DLRM(dim=DIM, training=training, bottom=LAYERS, top=LAYERS)
    parts = data, make_inputs(BATCH, 1)
    return {
        "wide_deep": lambda: Ours(wide_deep, *parts),
        "deepctr_wdl": lambda: DeepCTR("WDL", *parts, BATCH, epochs),
        "dcn_v2": lambda: Ours(dcn, *parts),
        "deepctr_dcn": lambda: DeepCTR("DCN", *parts, BATCH, epochs),
        "dcn_v2_full": lambda: Ours(dcn_full, *parts),
        "deepctr_dcn_matrix": lambda: DeepCTR("DCN-M", *parts, BATCH, epochs),
        "dlrm": lambda: Ours(dlrm, *parts),
        "fuxictr_dlrm": lambda: FuxiCTR(*parts, BATCH, epochs, folder),
    }


def _seconds(act: Callable[[], object]) -> float:
    gc.collect()
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def compare(rows: int, epochs: int, repeats: int) -> dict[str, float]:
    """Return the rates of all ways, and ours over theirs."""
    data, best, result = make_inputs(rows, 0), {}, {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for make in make_ways(data.take(np.arange(2 * BATCH)), 1, folder).values():
            warm = make()
            warm.train()
            warm.score()
        ways = make_ways(data, epochs, folder)
        for _ in range(repeats):
            for name, make in ways.items():
                way = make()
                for act, work in (("train", way.train), ("score", way.score)):
                    best[f"{name}_{act}"] = min(_seconds(work), best.get(f"{name}_{act}", float("inf")))
                result[f"{name}_parameters"] = float(way.parameters())
    rates = {
        f"{name}_rows_per_second": rows * (epochs if name.endswith("train") else 1) / seconds
        for name, seconds in best.items()
    }
    for act in ("train", "score"):
        for (ours, theirs), name in PAIRS.items():
            result[name.format(act)] = best[f"{theirs}_{act}"] / best[f"{ours}_{act}"]
        result[f"{act}_vs_deepctr"] = min(
            result[f"{ours}_{act}_vs_deepctr"] for ours in ("wide_deep", "dcn_v2")
        )
    return {**rates, **result}


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=40 * BATCH)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--pipeline-rows", type=int, default=100_000)
    parser.add_argument("--environment", type=Path, help="keep the peers' environment here for the next time")
    parser.add_argument("--json", action="store_true", help="last line is JSON")
    arguments = parser.parse_args()
    with peer_python(arguments.environment) as python:
        if python != sys.executable:
            again = [python, "-m", "benchmarks.ranker_speed", *sys.argv[1:]]
            sys.exit(subprocess.run(again, check=False).returncode)
    result = compare(arguments.rows, arguments.epochs, arguments.repeats)
    result |= pipeline(arguments.pipeline_rows, arguments.repeats)
    emit({"threads": torch.get_num_threads(), "rows": arguments.rows, **result}, arguments.json)


if __name__ == "__main__":
    main()
