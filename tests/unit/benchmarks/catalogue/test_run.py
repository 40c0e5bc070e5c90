"""What is run, what is shown as it was kept, and what is skipped."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from benchmarks.catalogue import run, sources
from benchmarks.catalogue.fit import fit
from benchmarks.catalogue.kept import load, save, summary, version
from benchmarks.catalogue.rows import Row
from benchmarks.catalogue.run import Wish, show
from embedding_features.errors import TrainingError
from tests.unit.benchmarks.catalogue.worlds import ROW, write_blocks, write_manifest


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_blocks(tmp_path / "data")
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def fits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Fit in this process, and note the seeds."""
    seeds: list[int] = []

    def noted(row: Row, seed: int) -> dict[str, Any]:
        seeds.append(seed)
        return fit(row, seed)

    monkeypatch.setattr(run, "fit_apart", noted)
    return seeds


@pytest.fixture
def wish(tmp_path: Path) -> Wish:
    return Wish(seeds=2, folder=tmp_path / "results")


def test_a_missing_row_is_run_and_then_kept(wish: Wish, fits: list[int]) -> None:
    first = show(ROW, wish)
    assert first.status == "run"
    assert first.kept == load(ROW, wish.folder)
    assert first.kept is not None
    assert first.kept.mean["micro_f1"] > 0.8  # a third by chance
    assert first.kept.peak_mb > 0
    assert show(ROW, wish) == replace(first, status="kept")
    assert fits == [0, 1]


def test_rerun_runs_what_holds_still_and_gives_the_same(wish: Wish, fits: list[int]) -> None:
    first = show(ROW, wish).kept
    again = show(ROW, replace(wish, rerun=True)).kept
    assert fits == [0, 1, 0, 1]
    assert first is not None
    assert again is not None
    assert again.figures == first.figures


def test_what_changed_is_run_again(
    wish: Wish, fits: list[int], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(ROW, wish)
    other = replace(ROW, settings={"dim": 16})
    assert show(other, replace(wish, kept=True)).status == "stale: settings"
    assert show(other, wish).status == "run"
    judge = ROW.judge.model_copy(update={"splits": 3})
    assert show(replace(other, judge=judge), replace(wish, kept=True)).status == "stale: settings"
    assert show(other, replace(wish, seeds=None, kept=True)).status == "stale: seeds"  # a row has three
    assert show(replace(other, seeds=2), replace(wish, seeds=None, kept=True)).status == "kept"
    assert show(replace(other, threads=2), replace(wish, kept=True)).status == "stale: threads"
    assert show(other, wish).status == "kept"  # and nothing was run for being asked after
    write_manifest(data, {"blogcatalog": {"tables": {"edges.parquet": {"sha256": "cd"}}}})
    monkeypatch.setattr(sources, "plain_code", lambda source: source + "x = 1\n")
    assert show(other, replace(wish, kept=True)).status == "stale: code, data"
    assert show(other, wish).status == "run"
    assert fits == [0, 1] * 3


def test_other_code_of_the_same_figures_is_confirmed_by_its_first_seed(
    wish: Wish, fits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = show(ROW, wish).kept
    monkeypatch.setattr(sources, "plain_code", lambda source: source + "x = 1\n")
    shown = show(ROW, wish)
    assert shown.status == "confirmed"
    assert before is not None
    assert shown.kept == before.model_copy(update={"code": version(ROW).code})
    assert show(ROW, wish).status == "kept"
    assert fits == [0, 1, 0]


def test_other_code_of_other_figures_is_run(
    wish: Wish, fits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    show(ROW, wish)
    measured = load(ROW, wish.folder)
    assert measured is not None
    figures = {**measured.figures, "macro_f1": (0.5, *measured.figures["macro_f1"][1:])}
    save(ROW, measured.model_copy(update={"figures": figures, "code": "other"}), wish.folder)
    assert show(ROW, wish).status == "run"
    assert load(ROW, wish.folder) == measured.model_copy(
        update={"seconds": ANY, "cpu_seconds": ANY, "peak_mb": ANY}
    )
    assert fits == [0, 1, 0, 1]


def test_floor_published_and_default_settings_ask_for_no_run(wish: Wish, fits: list[int]) -> None:
    show(ROW, wish)
    same = {**ROW.settings, "order": 10}
    assert show(replace(ROW, settings=same, floors={"micro_f1": 0.99}, published={}), wish).status == "kept"
    assert fits == [0, 1]


def test_without_data_a_row_is_skipped_with_the_reason(
    wish: Wish, fits: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = show(ROW, wish)
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(tmp_path / "nowhere"))
    assert show(ROW, wish) == replace(held, status="kept")
    skipped = show(replace(ROW, data="wiki_tadw"), wish)
    assert (skipped.kept, skipped.status) == (None, f"skipped: no data at {tmp_path}/nowhere/wiki_tadw")
    stale = show(replace(ROW, settings={}), wish)
    assert stale.status.startswith("skipped, and stale: settings; no data at")
    assert fits == [0, 1]


def test_data_without_an_entry_in_the_manifest_is_no_data(wish: Wish, data: Path) -> None:
    write_manifest(data, {})
    assert "says nothing of blogcatalog" in show(ROW, wish).status


def test_a_failed_fit_fails_its_row_alone(wish: Wish, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(row: Row, seed: int) -> dict[str, Any]:
        raise TrainingError(f"{row.key}, seed {seed}: killed")

    monkeypatch.setattr(run, "fit_apart", failing)
    shown = show(ROW, wish)
    assert (shown.kept, shown.status) == (None, "failed: prone@blogcatalog, seed 0: killed")
    assert load(ROW, wish.folder) is None


def test_means_and_spreads_by_hand() -> None:
    mean, spread = summary({"a": (1.0, 2.0, 3.0), "b": (5.0,)})
    assert mean == {"a": 2.0, "b": 5.0}
    assert spread == {"a": 1.0, "b": None}


def test_a_version_holds_still() -> None:
    assert version(ROW) == version(replace(ROW))
