"""A third party's nonlinear network, of a package of its own, goes all the way as ours do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from embedding_features.artifact import Snapshot
from tests.e2e.installed_package import installed
from tests.e2e.planted_pipeline import write_pipeline
from tests.paths import ROOT

ENTRY_POINTS = """\
[embedding_features.methods]
deep_factors = deep_package:deep_factors
"""

MODULE = '''
    from typing import ClassVar, Literal

    import torch
    from torch import nn

    from embedding_features.encoders import Encoder, Network
    from embedding_features.graph.view import View
    from embedding_features.methods import Trained, method
    from embedding_features.methods.task import Task
    from embedding_features.objectives import BPR
    from embedding_features.sampling import Pairs
    from embedding_features.training import Adam, Training


    class Deep(Encoder):
        weights: ClassVar = None
        kind: Literal["deep"] = "deep"
        hidden: tuple[int, ...] = ()

        def build(self, view, generator):
            with torch.random.fork_rng():
                torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
                return DeepNetwork(self, view)


    class DeepNetwork(Network):
        """Bends a vector for each node through layers of tanh."""

        def __init__(self, settings, view):
            super().__init__(settings, view)
            widths = [settings.dim, *settings.hidden]
            self.table = nn.Parameter(torch.randn(view.size, settings.dim) * settings.std)
            layers = [part for a, b in zip(widths, widths[1:]) for part in (nn.Linear(a, b), nn.Tanh())]
            self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], settings.dim))

        def row_parameters(self):
            return {"table": self.table}

        def vectors(self):
            return self.table + self.layers(self.table)


    @method(family="theirs", exports="user and item vectors", weights="ignored")
    def deep_factors(dim: int = 8, hidden: tuple[int, ...] = (16,), epochs: int = 20) -> Trained:
        """Nobody, Nowhere (2026)."""
        return Trained(
            view=View(relations="only", weights="one"),
            encoder=Deep(dim=dim, hidden=hidden),
            tasks=(Task(sampler=Pairs(), objective=BPR(l2=1e-4)),),
            training=Training(optimizer=Adam(lr=0.01), batch_size=512, epochs=epochs, early_stop=None),
        )
'''
PRETRAIN = {
    "method": "deep_factors",
    "params": {"dim": 8, "hidden": [12, 10], "epochs": 20},
    "warm_start": True,
}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a pipeline that has run with the package."""
    folder = tmp_path_factory.mktemp("deep")
    site = installed(folder / "site", "deep_package", ENTRY_POINTS, deep_package=MODULE)
    wide_deep = {"kind": "wide_deep", "training": {"epochs": 2}}
    rank = {
        **yaml.safe_load(write_pipeline(folder / "template").read_text())["rank"],
        "rankers": {"wide_deep": wide_deep},
        "grid": [{"features": ["none", "dense", "all"]}, {"modes": ["submodel"]}],
        "seeds": [0],
    }
    config = write_pipeline(
        folder / "run",
        pretrain=PRETRAIN,
        also=[],
        rank=rank,
        submodel={"as_of": "2026-02-12T00:00:00Z", "pretrain": PRETRAIN, "ranker": wide_deep},
        ablate={"baseline": "none", "replicates": 1000, "slice_replicates": 100},
    )
    code = """
import sys
from jobs.cli import run
for step in ("graph", "pretrain", "derive", "publish", "ablate"):
    assert run([step, "--config", sys.argv[1]]) == 0, step
"""
    found = subprocess.run(
        [sys.executable, "-c", code, str(config)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(site), str(ROOT))), "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return folder / "run"


def snapshots(done: Path) -> list[Snapshot]:
    (folders,) = json.loads((done / "workspace" / "embeddings.json").read_text()).values()
    return [Snapshot.open(Path(folder)) for folder in folders]


def test_its_retrains_stay_in_one_space(done: Path) -> None:
    """The list of the YAML has come through, and codebooks keep their meaning."""
    found = snapshots(done)
    assert len(found) > 2
    assert {snapshot.manifest.config["encoder"]["hidden"] == [12, 10] for snapshot in found} == {True}
    assert {snapshot.manifest.space.id for snapshot in found} == {"deep_factors.s1"}
    assert all(s.manifest.alignment is not None for s in found[1:])


def test_its_retrains_keep_the_codebooks(done: Path) -> None:
    folders = json.loads((done / "workspace" / "features.json").read_text())
    books = [[book.id for book in Snapshot.open(Path(f)).manifest.codebooks] for f in folders]
    assert books[0]
    assert all(one == books[0] for one in books)


def test_it_is_a_sub_model_of_a_ranker(done: Path) -> None:
    cells = json.loads((done / "workspace" / "report" / "ablation.json").read_text())["cells"]
    figures = {c["variant"]: c["figure"]["value"] for c in cells if c["metric"] == "auc"}
    assert {"none", "dense", "dense-submodel"} <= set(figures)
    assert np.isfinite(figures["dense-submodel"])
