"""The command line: help with examples and exit codes, errors once to people and once to machines."""

import json
from pathlib import Path

import pytest

from embedding_features.errors import DataError
from jobs.cli import run
from jobs.commands.steps import STEPS
from jobs.console import emit
from jobs.workspace import Workspace
from tests.e2e.commands import COMMANDS


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_job_has_help_with_an_example_and_exit_codes(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"Example: embedding-features {' '.join(command)}" in text
    assert "Exit codes:" in text
    assert "--json" in text


def test_help_lists_the_jobs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f" {command[0]} " in text for command in COMMANDS)


def test_every_step_of_a_pipeline_is_a_command() -> None:
    assert set(STEPS) <= {words[0] for words in COMMANDS}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["graph", "--config", "nowhere.yaml"], 2, "nowhere.yaml"),
        (["data", "get", "ml-7"], 2, "ml-7"),
        (["methods", "word2vec"], 2, "word2vec"),
        (["graph"], 2, "config"),
        (["frobnicate"], 2, "frobnicate"),
    ],
)
def test_a_failure_is_told_to_people_and_machines(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*arguments, "--json"]) == code
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert told["exit_code"] == code
    assert said in told["error"]
    assert said in err
    assert "Traceback" not in err


def test_a_wrong_field_is_named_with_its_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pipeline.yaml").write_text("name: x\nas_of: {first: yesterday}\n")
    assert run(["graph", "--config", str(tmp_path / "pipeline.yaml")]) == 2
    err = capsys.readouterr().err
    assert "as_of.first" in err
    assert "yesterday" in err


def test_methods_lists_what_can_be_pretrained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["methods", "--json"]) == 0
    names = {row["name"] for row in json.loads(capsys.readouterr().out)["methods"]}
    assert {"als", "lightgcn", "mf_bpr", "spectral"} <= names


def test_a_workspace_takes_one_job_at_a_time(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace")
    with workspace.locked(), pytest.raises(DataError, match="another job is running"), workspace.locked():
        pass


def test_a_small_number_of_a_table_is_not_shown_as_zero(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"rows": [{"small": -2.5e-5, "none": 0.0, "half": 0.5}]}, as_json=False)
    out = capsys.readouterr().out
    assert all(shown in out for shown in ("-2.50e-05", " 0.0000", "0.5000"))
