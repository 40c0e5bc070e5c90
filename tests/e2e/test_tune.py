"""``tune``: from a pipeline's YAML to the section to use; killed, repeated, refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedding_features.files import locked_folder
from jobs.cli import run
from jobs.pipeline import load_pipeline
from tests.e2e.planted_pipeline import kill_when, start, write_pipeline

TRIALS = 6


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A planted world with a pipeline that nothing was run of."""
    path = tmp_path_factory.mktemp("tune")
    write_pipeline(path)
    return path


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """A search with ``--json``: stdout is one object."""
    code = run(["tune", *arguments, "--json"])
    (line,) = capsys.readouterr().out.splitlines()
    return {**json.loads(line), "code": code}


def test_the_section_it_writes_is_one_of_the_pipeline_with_the_best_settings(
    world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(world / "pipeline.yaml")
    told = call(capsys, "-c", config, "--method", "als", "--trials", str(TRIALS))
    assert told["code"] == 0
    assert (told["method"], told["metric"], told["trials"]) == ("als", "recall@20", TRIALS)
    assert told["as_of"] == "2026-01-25T00:00:00+00:00"  # the first moment: later labels are not known
    assert told["pruned"] == told["failed"] == 0
    assert told["best"] >= told["before"] > 0
    text = Path(told["yaml"]).read_text()
    assert f"{told['best']:.4f}" in text.splitlines()[0]
    values = yaml.safe_load((world / "pipeline.yaml").read_text()) | yaml.safe_load(text)
    (world / "tuned.yaml").write_text(yaml.safe_dump(values))
    (section,) = load_pipeline(world / "tuned.yaml").also
    best = {row["parameter"]: row["best"] for row in told["parameters"]}
    assert set(best) == {"unobserved_weight", "regularization"}
    assert section.params == {"dim": 8} | best
    solver = section.composition().model_dump()["solver"]
    assert solver["dim"] == 8
    assert {name: solver[name] for name in best} == best


def test_the_same_command_finds_what_is_done(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("-c", str(world / "pipeline.yaml"), "--parameter", "item_exponent", "--trials", "3")
    first = call(capsys, *arguments)
    assert first["method"] == "spectral"
    assert [row["parameter"] for row in first["parameters"]] == ["item_exponent"]
    assert call(capsys, *arguments) == first
    assert run(["tune", *arguments]) == 0
    assert "item_exponent" in capsys.readouterr().out


def test_a_method_that_the_pipeline_lacks_starts_from_its_defaults_on_the_relation_of_pretrain(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = yaml.safe_load((world / "pipeline.yaml").read_text()) | {"root": str(tmp_path / "workspace")}
    relations = values["graph"]["relations"]
    relations["again"] = dict(relations["clicked"])
    values["pretrain"]["params"]["relation"] = "again"
    for other in (*values["also"], values["submodel"]["pretrain"]):
        other["params"]["relation"] = "again"
    (tmp_path / "pipeline.yaml").write_text(yaml.safe_dump(values))
    told = call(capsys, "-c", str(tmp_path / "pipeline.yaml"), "--method", "bpmf", "--trials", "1")
    assert told["code"] == 0
    assert told["parameters"] == [
        {"parameter": "factors", "best": 16, "before": 16, "searched": "2 to 64, log"}
    ]
    section = yaml.safe_load(Path(told["yaml"]).read_text())["pretrain"]
    assert section == {"method": "bpmf", "params": {"relation": "again", "factors": 16}}


def test_what_comes_after_the_moment_changes_nothing(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pairs held out are of the graph as of the moment; another moment is another search."""
    text = (world / "pipeline.yaml").read_text()
    now = "2026-02-12T00:00:00Z"
    arguments = ("--as-of", now, "--trials", "3", "--split", "random", "--metric", "ndcg@10")
    filtered = yaml.safe_load(text)
    filtered["graph"]["relations"]["clicked"]["filter"] = f"timestamp <= TIMESTAMPTZ '{now}'"
    told = []
    for name, values in (("all", yaml.safe_load(text)), ("cut", filtered)):
        values["root"] = str(tmp_path / name)
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(values))
        told.append(call(capsys, "-c", str(tmp_path / f"{name}.yaml"), *arguments))
    left_out = ("seconds", "yaml")
    one, other = ({k: v for k, v in result.items() if k not in left_out} for result in told)
    assert one == other
    assert one["metric"] == "ndcg@10"
    later = call(capsys, "-c", str(tmp_path / "all.yaml"), *arguments, "--as-of", "2026-03-02T00:00:00Z")
    assert later["before"] != one["before"]
    assert len(list((tmp_path / "all" / "tuning").iterdir())) == 2


@pytest.mark.slow
def test_a_killed_search_goes_on_where_it_was(world: Path, tmp_path: Path) -> None:
    """SIGKILL among the trials of a method that is trained; the rerun ends as a search that nobody killed."""
    values = yaml.safe_load((world / "pipeline.yaml").read_text())
    values["pretrain"] = {"method": "mf_bpr", "params": {"dim": 8, "epochs": 30, "batch_size": 512}}
    told = []
    for name in ("killed", "whole"):
        values["root"] = str(tmp_path / name)
        config = tmp_path / f"{name}.yaml"
        config.write_text(yaml.safe_dump(values))
        arguments = ("tune", "--config", str(config), "--trials", "8", "--json")
        if name == "killed":
            kill_when(start(*arguments), lambda: journal_lines(tmp_path / "killed") > 16)
            assert not list((tmp_path / "killed").rglob("section.yaml"))
        process = start(*arguments)
        told.append({**json.loads(process.communicate()[0]), "code": process.returncode})
    left_out = ("seconds", "yaml")
    killed, whole = ({k: v for k, v in result.items() if k not in left_out} for result in told)
    assert killed == whole
    assert whole["code"] == 0
    assert whole["trials"] == 8


def journal_lines(workspace: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in workspace.rglob("journal.jsonl"))


REFUSED = {
    "an unknown method": (["--method", "word2vec"], "no method 'word2vec'"),
    "a parameter that is not tunable": (["--parameter", "dim"], "no tunable parameter 'dim'"),
    "a moment before all edges": (["--as-of", "2020-01-01T00:00:00Z"], "no edges as of 2020-01-01"),
    "a moment without a zone": (["--as-of", "2026-02-01T00:00:00"], "'2026-02-01T00:00:00' is not a moment"),
    "no moment": (["--as-of", "yesterday"], "'yesterday' is not a moment"),
    "no trials": (["--trials", "0"], "0 trials"),
    "no minutes": (["--minutes", "0"], "0 minutes"),
    "another metric": (["--metric", "auc"], "metric"),
    "another split": (["--split", "user"], "user"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_searched_is_refused(
    case: str, world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, said = REFUSED[case]
    told = call(capsys, "-c", str(world / "pipeline.yaml"), *arguments)
    assert told["code"] == told["exit_code"] == 2
    assert said in told["error"]
    assert "fix: " in told["error"]


def test_a_search_that_another_process_goes_on_with_is_refused(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = yaml.safe_load((world / "pipeline.yaml").read_text()) | {"root": str(tmp_path / "workspace")}
    config = tmp_path / "pipeline.yaml"
    config.write_text(yaml.safe_dump(values))
    arguments = ("--config", str(config), "--trials", "2")
    folder = Path(call(capsys, *arguments)["yaml"]).parent
    with locked_folder(folder):
        told = call(capsys, *arguments)
    assert told["code"] == 2
    assert str(folder) in told["error"]
    shutil.rmtree(folder)
    assert call(capsys, *arguments)["trials"] == 2
