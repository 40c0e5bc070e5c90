"""The command: a row run in a process of its own, its last line of JSON, and what it refuses."""

import json
import sys
from functools import partial
from pathlib import Path

import pytest

from benchmarks.catalogue import __main__ as command
from benchmarks.catalogue.families import ROWS
from benchmarks.catalogue.fit import fit_apart
from benchmarks.catalogue.kept import load
from benchmarks.catalogue.run import Wish
from embedding_features.errors import TrainingError
from tests.unit.benchmarks.catalogue.worlds import write_blocks


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_blocks(tmp_path / "data")
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(command, "Wish", partial(Wish, folder=tmp_path / "results"))
    return tmp_path / "results"


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["catalogue", *arguments])
    command.main()


def test_a_row_is_run_in_its_own_process_and_the_last_line_is_json(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call(monkeypatch, "--method", "prone", "--seeds", "1", "--json")
    said = capsys.readouterr()
    (row,) = json.loads(said.out.splitlines()[-1])["rows"]
    assert (row["method"], row["status"], row["seeds"]) == ("prone", "run", [0])
    assert row["ours"]["micro_f1"]["mean"] > 0.8  # blocks; a third by chance
    assert row["seconds"] > 0
    assert row["peak_mb"] > 0
    assert "prone@blogcatalog  seed 0  micro_f1 " in said.err
    kept = load(ROWS["prone@blogcatalog"], folder)
    assert kept is not None
    call(monkeypatch, "--family", "proximity", "--method", "prone", "--seeds", "1", "--json")
    (row,) = json.loads(capsys.readouterr().out.splitlines()[-1])["rows"]
    assert row["status"] == "kept"
    assert row["ours"]["micro_f1"]["mean"] == kept.mean["micro_f1"]


def test_kept_runs_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call(monkeypatch, "--family", "walk", "--kept", "--json")
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["not_measured"] == len(found["rows"]) == sum(row.family == "walk" for row in ROWS.values())
    assert not folder.exists()


def test_an_unknown_method_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="no row of word2vec: name one of "):
        call(monkeypatch, "--method", "word2vec")


def test_what_a_failing_process_said_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(TrainingError, match="prone@blogcatalog, seed 0: no data at"):
        fit_apart(ROWS["prone@blogcatalog"], 0)
