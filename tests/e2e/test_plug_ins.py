"""A third party's method, ranker and ablation factor, found by entry point, work from YAML."""

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from tests.e2e.installed_package import installed
from tests.e2e.planted_pipeline import write_pipeline
from tests.paths import ROOT

ENTRY_POINTS = """\
[embedding_features.methods]
unweighted_als = their_package:unweighted_als

[embedding_features.rankers]
user_means = their_package:UserMeans

[embedding_features.ablation_factors]
sample = their_package:Sample
"""

MODULE = '''
    from dataclasses import replace
    from typing import ClassVar, Literal

    import numpy as np

    from embedding_features.graph.view import View
    from embedding_features.methods import ClosedForm, method
    from embedding_features.solvers.ials import IALS
    from ranking.experiment.factors.base import Factor
    from ranking.models import FittedRanker, Ranker


    @method(family="theirs", exports="user and item vectors", weights="confidence")
    def unweighted_als(dim: int = 4) -> ClosedForm:
        """Hu, Koren & Volinsky, ICDM 2008."""
        return ClosedForm(view=View(relations="only", nodes="all"), solver=IALS(dim=dim))


    class UserMeans(Ranker):
        """Scores by the mean label of a field's code, drawn towards the mean of all."""

        kind: Literal["user_means"] = "user_means"
        prior: float = 10.0

        def accepts(self, fields):
            return any(field.name == "user_id" for field in fields)

        def _fit(self, train, validation, seed, progress):
            codes = codes_of(train)
            seen = np.bincount(codes, minlength=codes.max() + 1)
            liked = np.bincount(codes, train.label, minlength=codes.max() + 1)
            means = (liked + self.prior * train.label.mean()) / (seen + self.prior)
            return FittedUserMeans(self, train.layout(), means)

        def restore(self, folder, about):
            return FittedUserMeans(self, about.layout, np.load(folder / "means.npy"))


    class FittedUserMeans(FittedRanker):
        def __init__(self, ranker, layout, means):
            super().__init__(ranker, layout, rounds=1)
            self.means = means

        def _predict(self, inputs):
            return self.means[np.minimum(codes_of(inputs), len(self.means) - 1)].astype(np.float32)

        def _save(self, folder):
            np.save(folder / "means.npy", self.means)


    def codes_of(inputs):
        return next(field.codes for field in inputs.fields if field.name == "user_id")


    class Sample(Factor):
        name: ClassVar[str] = "sample"
        in_grid: ClassVar[str] = "samples"
        levels: ClassVar[tuple[str, ...]] = ("whole", "half")
        default: ClassVar[str] = "whole"

        def arm(self, level, arm, dataset, grid):
            if level == self.default:
                return arm
            return replace(arm, parts={**arm.parts, "train": arm.parts["train"][::2]})

        def describe(self, level, variant, grid):
            return () if level == self.default else ("learned from half of the training rows",)
'''

RUN = "import sys; from jobs.cli import run; sys.exit(run(sys.argv[1:]))"
STEPS = ("graph", "pretrain", "derive", "publish", "ablate")


def in_their_environment(path: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    search = os.pathsep.join((str(path), str(ROOT)))
    return subprocess.run(
        [sys.executable, "-c", dedent(code), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": search, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"},
        check=False,
    )


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(tmp_path_factory.mktemp("site"), "their_package", ENTRY_POINTS, their_package=MODULE)


def test_all_three_work_from_yaml(package: Path, tmp_path: Path) -> None:
    rank = yaml.safe_load(write_pipeline(tmp_path).read_text())["rank"]
    config = write_pipeline(
        tmp_path / "theirs",
        pretrain={"method": "unweighted_als", "params": {"dim": 6}},
        also=[],
        rank={
            **rank,
            "rankers": {"lightgbm": {"kind": "lightgbm"}, "theirs": {"kind": "user_means", "prior": 5.0}},
            "grid": [{"features": ["none", "dense"], "samples": ["whole", "half"]}],
            "seeds": [0],
        },
        ablate={"baseline": "none", "replicates": 1000, "slice_replicates": 100},
    )
    done = in_their_environment(
        package,
        """
        import sys
        from jobs.cli import run
        for step in sys.argv[2:]:
            assert run([step, "--config", sys.argv[1]]) == 0, step
        """,
        str(config),
        *STEPS,
    )
    assert done.returncode == 0, done.stderr
    report = tmp_path / "theirs" / "workspace" / "report"
    cells = json.loads((report / "ablation.json").read_text())["cells"]
    figures = {(c["ranker"], c["variant"]): c["figure"]["value"] for c in cells if c["metric"] == "auc"}
    variants = ("none", "none-half", "dense", "dense-half")
    assert set(figures) == {(ranker, variant) for ranker in ("lightgbm", "theirs") for variant in variants}
    # half of the rows teach something else, and their ranker reads no vector
    assert figures["theirs", "none"] != figures["theirs", "none-half"]
    assert figures["theirs", "none"] == figures["theirs", "dense"]
    assert figures["lightgbm", "dense"] != figures["lightgbm", "none"]
    assert "learned from half of the training rows" in (report / "ablation.html").read_text()


def test_what_is_misspelt_names_theirs_among_ours(package: Path, tmp_path: Path) -> None:
    config = yaml.safe_load(write_pipeline(tmp_path).read_text())
    for key, wrong, said in (
        ("rankers", {"x": {"kind": "user_mean"}}, "user_means"),
        ("grid", [{"sample": ["half"]}], "samples"),
        ("grid", [{"samples": ["third"]}], "whole, half"),
    ):
        path = tmp_path / "wrong.yaml"
        path.write_text(yaml.safe_dump({**config, "rank": {**config["rank"], key: wrong}}))
        done = in_their_environment(
            package,
            "import sys; from jobs.cli import run; sys.exit(run(sys.argv[1:]))",
            "rank",
            "--config",
            str(path),
        )
        assert done.returncode == 2
        assert said in done.stderr


@pytest.mark.parametrize("group", ["rankers", "ablation_factors"])
def test_a_broken_plug_in_takes_only_itself_down(group: str, tmp_path: Path) -> None:
    site = installed(
        tmp_path / "site",
        "broken",
        f"[embedding_features.{group}]\nbroken = broken_package:Missing\n",
        broken_package="",
    )
    config = write_pipeline(tmp_path / "world")
    done = in_their_environment(
        site,
        """
        import sys
        from pathlib import Path
        from jobs.pipeline import load_pipeline
        print(len(load_pipeline(Path(sys.argv[1])).rank.variants))
        """,
        str(config),
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 3
    assert "'broken' cannot be loaded" in done.stderr
