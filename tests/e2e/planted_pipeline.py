"""A pipeline over a small planted world, for tests of the jobs."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from embedding_features.datasets import Domain, World, synthesize
from tests.paths import ROOT

REPO = ROOT / "feature_repo"
WORLD = World(users=300, domains=(Domain(name="shop", items=150, edges=6_000),), candidates=2)


def write_pipeline(folder: Path, **sections: Any) -> Path:
    """A world, an empty Feast repository and the YAML of a pipeline over them; returns the YAML's path."""
    synthesize(WORLD, folder / "world")
    shutil.copytree(REPO, folder / "repo", ignore=shutil.ignore_patterns("data", "__pycache__"))
    pipeline = {
        "name": "planted",
        "root": str(folder / "workspace"),
        "graph": {
            "nodes": {"user": {"id": "int64"}, "item": {"id": "int64"}},
            "relations": {
                "clicked": {
                    "parquet": str(folder / "world" / "interactions_shop.parquet"),
                    "src": {"type": "user", "column": "user_id"},
                    "dst": {"type": "item", "column": "item_id"},
                    "timestamp": "timestamp",
                }
            },
        },
        "as_of": {"first": "2026-01-25T00:00:00Z", "last": "2026-03-20T00:00:00Z", "every_days": 18},
        "pretrain": {"method": "spectral", "params": {"dim": 8}},
        "also": [{"method": "als", "params": {"dim": 8}}],
        "derive": {
            "clusters": {"k": 8, "top_k": 2},
            "tokens": [{"kind": "residual_tokens", "levels": 2, "codes": 8}],
            "neighbours": {"k": 5},
        },
        "publish": {"repo": str(folder / "repo")},
        "rank": {
            "task": {
                "log": str(folder / "world" / "impressions_shop.parquet"),
                "label": {"column": "label", "at_least": 1},
                "item": {
                    "node_type": "item",
                    "column": "item_id",
                    "table": {
                        "path": str(folder / "world" / "items_shop.parquet"),
                        "key": "item_id",
                        "categorical": ["category"],
                    },
                },
            },
            "rankers": {
                "lightgbm": {"kind": "lightgbm"},
                "wide_deep": {"kind": "wide_deep", "training": {"epochs": 2}},
            },
            "grid": [
                {"features": ["counts", "none", "dense", "fresh", "all"]},
                {"whose": ["item"], "methods": ["", "als"]},
                {"modes": ["submodel"]},
            ],
            "seeds": [0, 1],
        },
        "recall": {"k": 10, "every_days": 4, "ranker": {"kind": "lightgbm"}, "stage": {"candidates": 40}},
        "submodel": {
            "as_of": "2026-02-12T00:00:00Z",
            "pretrain": {"method": "lightgcn", "params": {"dim": 8, "epochs": 3}},
            "ranker": {"kind": "wide_deep", "training": {"epochs": 2}},
        },
        "ablate": {"baseline": "counts", "replicates": 2500, "slice_replicates": 100},
    }
    path = folder / "pipeline.yaml"
    path.write_text(yaml.safe_dump({**pipeline, **sections}))
    return path


def start(*arguments: str) -> "subprocess.Popen[str]":
    """The command line in a process of its own, on one thread."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    command = [sys.executable, "-c", "from jobs.cli import main; main()", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def kill_when(process: "subprocess.Popen[str]", reached: Callable[[], bool]) -> None:
    """SIGKILL as soon as ``reached``; it must be reached before the process ends by itself."""
    deadline = time.monotonic() + 200
    while not reached():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"not reached before the end: {process.communicate()}")
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def contents(folder: Path, pattern: str = "*") -> dict[str, bytes]:
    """Relative path → bytes of every file below ``folder`` that matches."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob(pattern) if p.is_file()}
