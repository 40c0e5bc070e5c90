"""A planted leak fails the ablation with its name, before a ranker is trained: exit code 4."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml

import ranking.dataset.log_columns
from jobs.cli import run
from ranking.log_features.log import Log
from tests.e2e.planted_pipeline import write_pipeline

GRID = [{"features": ["counts", "none", "dense"]}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline of which everything up to the rankers has run."""
    path = tmp_path_factory.mktemp("leaks")
    moments = {"first": "2026-02-12T00:00:00Z", "last": "2026-02-12T00:00:00Z", "every_days": 1}
    config = write_pipeline(path, also=[], as_of=moments)
    pipeline = yaml.safe_load(config.read_text())
    pipeline["rank"] |= {"rankers": {"lightgbm": {"kind": "lightgbm", "rounds": 5}}, "grid": GRID}
    config.write_text(yaml.safe_dump(pipeline))
    for step in ("graph", "pretrain", "derive", "publish"):
        assert run([step, "--config", str(config)]) == 0
    return path


@pytest.fixture
def ranked(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Runs the ablation with changes of the section ``rank``; its exit code and what it said."""

    def call(**changes: Any) -> tuple[int, str]:
        pipeline = yaml.safe_load((folder / "pipeline.yaml").read_text())
        pipeline["rank"] |= changes
        (folder / "changed.yaml").write_text(yaml.safe_dump(pipeline))
        code = run(["ablate", "--config", str(folder / "changed.yaml")])
        assert code == 0 or not (folder / "workspace" / "ranking").exists()
        return code, " ".join(capsys.readouterr().err.split())

    return call


def leaky(change: Callable[[pa.Table, pa.Table], pa.Array]) -> Callable[..., pa.Table]:
    """Counts and means of which ``user_idle`` says something more."""
    honest = ranking.dataset.log_columns.history_features

    def made(log: Log, tags: Any) -> pa.Table:
        levels = honest(log, tags)
        place = levels.schema.get_field_index("user_idle")
        return levels.set_column(place, "user_idle", change(log.labels, levels))

    return made


def own_label(labels: pa.Table, levels: pa.Table) -> pa.Array:
    """A trace of the row's own label under much noise."""
    noise = np.random.default_rng(0).normal(size=len(labels))
    return pa.array((labels["label"].to_numpy() + 9 * noise).astype(np.float32))


def whole_log(labels: pa.Table, levels: pa.Table) -> pa.Array:
    """How often the user stands in the log, the future included."""
    users = labels["user_id"].combine_chunks().dictionary_encode().indices
    return pa.array(np.bincount(users)[users].astype(np.float32))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (own_label, "when its own label, or another of its moment, is changed"),
        (whole_log, "when rows after it are removed"),
    ],
)
def test_what_the_log_makes(change, says, ranked, monkeypatch):
    monkeypatch.setattr(ranking.dataset.log_columns, "history_features", leaky(change))
    code, said = ranked()
    assert code == 4
    assert f"'user_idle' changes {says}" in said


def test_a_side_table_that_tells_labels(folder, ranked):
    """Every row of a third of the items has label 1, and a table of the items says which third."""
    task = yaml.safe_load((folder / "pipeline.yaml").read_text())["rank"]["task"]
    log = pq.read_table(task["log"])
    items = log["item_id"].unique()
    gold = items.take(pa.array(np.arange(0, len(items), 3)))
    sold = pc.is_in(log["item_id"], value_set=gold)
    place = log.schema.get_field_index("label")
    label = pc.if_else(sold, pa.scalar(1, log["label"].type), log["label"])
    pq.write_table(log.set_column(place, "label", label), folder / "log.parquet")
    tier = pc.if_else(pc.is_in(items, value_set=gold), "gold", "tin")
    pq.write_table(pa.table({"item_id": items, "tier": tier}), folder / "items.parquet")
    side = {"path": str(folder / "items.parquet"), "key": "item_id", "categorical": ["tier"]}
    item = {"node_type": "item", "column": "item_id", "table": side}
    planted = task | {"log": str(folder / "log.parquet"), "item": item}
    code, said = ranked(task=planted)
    assert code == 4
    assert "'item_tier': all " in said
    assert " rows with value = 'gold' have the label 1" in said
    assert ranked(task=planted, leaks={"allow": ["item_tier"]})[0] == 0


def test_an_honest_run_passes(ranked):
    assert ranked()[0] == 0
