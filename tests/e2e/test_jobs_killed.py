"""``pretrain`` and ``publish`` killed: the rerun ends in the same bytes, nothing half is seen."""

import shutil
from pathlib import Path

import pytest

from embedding_features.store import list_published
from jobs.cli import run
from tests.e2e.planted_pipeline import contents, kill_when, start, write_pipeline

LIGHTGCN = {
    "method": "lightgcn",
    "params": {"dim": 8, "epochs": 40, "batch_size": 512, "lr": 0.01},
}
TWO = {"first": "2026-02-10T00:00:00Z", "last": "2026-03-20T00:00:00Z", "every_days": 38}


@pytest.mark.slow
def test_pretrain_killed_in_training_ends_in_the_same_vectors(tmp_path: Path) -> None:
    config = str(write_pipeline(tmp_path, pretrain=LIGHTGCN, as_of=TWO))
    workspace = tmp_path / "workspace"
    assert run(["graph", "--config", config]) == 0
    assert run(["pretrain", "--config", config]) == 0
    whole = contents(workspace / "embeddings", "*.parquet")
    assert len(whole) == 8  # two moments, two methods, two node types
    shutil.rmtree(workspace / "embeddings")
    process = start("pretrain", "--config", config)
    kill_when(process, lambda: any((workspace / "checkpoints").rglob("checkpoint.json")))
    assert len(contents(workspace / "embeddings", "*.parquet")) in (0, 2)  # no half snapshot
    assert run(["pretrain", "--config", config]) == 0
    assert contents(workspace / "embeddings", "*.parquet") == whole


@pytest.mark.slow
def test_publish_killed_ends_in_the_same_repository(tmp_path: Path) -> None:
    config = str(write_pipeline(tmp_path))
    for step in ("graph", "pretrain", "derive", "publish"):
        assert run([step, "--config", config]) == 0
    snapshots = tmp_path / "repo" / "data" / "snapshots"
    whole = contents(snapshots)
    for wanted in (1, 3):
        shutil.rmtree(tmp_path / "repo" / "data")
        process = start("publish", "--config", config)
        kill_when(process, lambda n=wanted: len(list(snapshots.glob("[!.]*/*/manifest.json"))) >= n)
        for run_ in list_published(tmp_path / "repo"):
            mine = contents(run_.folder)
            prefix = f"{run_.manifest.space.id}/{run_.manifest.run_id}/"
            assert mine == {p.removeprefix(prefix): data for p, data in whole.items() if p.startswith(prefix)}
        assert run(["publish", "--config", config]) == 0
        assert contents(snapshots) == whole
