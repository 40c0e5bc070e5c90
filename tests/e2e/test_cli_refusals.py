"""Every command, given what it cannot read, ends with a named error and its exit code, and no traceback."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from embedding_features.errors import EmbeddingFeaturesError
from jobs.cli import run
from tests.e2e.commands import COMMANDS
from tests.paths import ROOT

SHIPPED = ROOT / "jobs" / "configs" / "ml100k.yaml"
CODES = {0, 2, 3, 4, 5, 6}
USAGE, STORE = 2, 6


#: option → the commands that have it
TAKING = {
    option: [words for words, command in COMMANDS.items() if any(option in p.opts for p in command.params)]
    for option in ("--config", "--repo", "--to", "--world", "--from", "--track")
}
#: what each command needs beside what a test gives
NEEDED = {
    ("data", "get"): {"name": "ml-100k"},
    ("data", "synthesize"): {"--to": "world"},
    ("report", "snapshot"): {"folder": "nowhere"},
    ("report", "ablation"): {"json": "nowhere", "--to": "page.html"},
    ("serve",): {"--bundle": "nowhere"},
    ("push-events",): {"--node": "user", "file": "nowhere"},
}


def line(words: tuple[str, ...], **given: str) -> list[str]:
    """A command line; ``given`` by parameter, ``config=…`` for ``--config …``."""
    needed = {name.removeprefix("--"): (name, value) for name, value in NEEDED.get(words, {}).items()}
    options = {f"--{name}": value for name, value in given.items() if name not in ("name", "folder", "json")}
    options |= {n: v for key, (n, v) in needed.items() if n.startswith("--") and key not in given}
    placed = [given.get(k, v) for k, (n, v) in needed.items() if not n.startswith("--")]
    return [*words, *placed, *(part for option in options.items() for part in option), "--json"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of things that are not what they are taken for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EMBEDDING_FEATURES_TOKENS", "a-token-of-sixteen-letters")
    monkeypatch.delenv("EMBEDDING_FEATURES_DATA", raising=False)
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("neither YAML: nor: JSON")
    for name, data in WRONG.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


WRONG = {
    "list.yaml": b"- a\n- b\n",
    "text.yaml": b"only words\n",
    "empty.yaml": b"",
    "cut.yaml": b"a: [1,\nb: {",
    "latin.yaml": b"name: caf\xe9\n",
    "utf16.yaml": "name: x\n".encode("utf-16"),
    "zero.yaml": b"a: \x00\n",
    "date.yaml": b"as_of: 2026-13-45\n",
    "integer.yaml": b"seed: !!int ''\n",
    "python.yaml": b"!!python/object/apply:os.system ['false']\n",
    "key.yaml": b"{[1]: 2}\n",
    "deep.yaml": b"[" * 2_000,
    "field.yaml": b"no_such_field: 1\n",
}
UNREADABLE = ["nowhere.yaml", "folder", "", "text/below.yaml", "n" * 300 + ".yaml", *WRONG]


def refused(arguments: list[str], capfd: pytest.CaptureFixture[str], *said: str) -> int:
    """The documented exit code of a command line that fails once for people and once for machines."""
    code = run(arguments)
    out, err = capfd.readouterr()
    told = json.loads(out)
    assert told["exit_code"] == code
    assert code in CODES - {0}, told
    assert "Traceback" not in out + err
    assert told["error"].splitlines()[0] in err.replace("error: ", "")
    assert all(word in told["error"] for word in said), told["error"]
    return code


def ids(words: tuple[str, ...]) -> str:
    return "-".join(words)


def test_the_registry_is_whole() -> None:
    assert {("graph",), ("methods",), ("serve",), ("data", "get"), ("report", "ablation")} <= set(COMMANDS)
    assert len(TAKING["--config"]) >= 11
    assert all(TAKING.values())


@pytest.mark.parametrize("config", UNREADABLE, ids=lambda name: name[:20] or "nothing")
@pytest.mark.parametrize("words", TAKING["--config"], ids=ids)
def test_a_config_that_cannot_be_read_is_named(
    words: tuple[str, ...], config: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert refused(line(words, config=config), capfd, config or ".", "fix: ") == USAGE


@pytest.mark.parametrize("world", UNREADABLE, ids=lambda name: name[:20] or "nothing")
def test_a_world_that_cannot_be_read_is_named(world: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert refused(line(("data", "synthesize"), world=world), capfd, world or ".", "fix: ") == USAGE


@pytest.mark.parametrize("words", COMMANDS, ids=ids)
def test_an_unknown_option_and_a_word_too_many_are_named(
    words: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    assert refused([*line(words), "--no-such-option"], capfd, "--no-such-option") == USAGE
    assert refused([*line(words), "one", "two", "three"], capfd) == USAGE


@pytest.mark.parametrize("words", TAKING["--track"], ids=ids)
def test_an_unknown_value_of_an_option_is_named(
    words: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    assert refused(line(words, track="diary"), capfd, "diary") == USAGE


@pytest.mark.parametrize("port", ["70000", "-1", "http"])
def test_a_port_is_a_port(port: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert refused(line(("serve",), port=port), capfd) == USAGE


SETTINGS = [name for name in WRONG if name != "text.yaml"]


@pytest.mark.parametrize("settings", ["nowhere", "text", "folder", "", "a folder", *SETTINGS])
@pytest.mark.parametrize("words", [words for words in TAKING["--repo"] if words != ("serve",)], ids=ids)
def test_a_repository_that_cannot_be_read_is_named(
    words: tuple[str, ...], settings: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of a repository without a snapshot, too: there is nothing to do, but for the wrong reason."""
    repo = settings
    if settings in WRONG or settings == "a folder":
        repo = "repo"
        (folder / repo).mkdir()
        if settings in WRONG:
            (folder / repo / "feature_store.yaml").write_bytes(WRONG[settings])
        else:
            (folder / repo / "feature_store.yaml").mkdir()
    code = run(line(words, repo=repo))
    out, err = capfd.readouterr()
    assert code in (USAGE, STORE)
    assert "Traceback" not in out + err
    assert "feature_store.yaml" in out


#: command lines that are given another thing than they ask for
MISTAKEN = [
    ["report", "snapshot", "text"],
    ["report", "snapshot", "folder"],
    ["report", "ablation", "text", "--to", "page.html"],
    ["report", "ablation", "folder", "--to", "page.html"],
    ["report", "ablation", "list.yaml", "--to", "page.html"],
    ["data", "get", "ml-100k", "--from", "text", "--to", "data"],
    ["data", "get", "ml-100k", "--from", "folder", "--to", "data"],
    ["data", "get", "ciao", "--from", "text", "--to", "data"],
    ["data", "get", "ml-100k", "--to", "text"],
    ["data", "get", "imagenet"],
    ["data", "synthesize", "--to", "text"],
    ["data", "synthesize", "--to", "text/below"],
    ["methods", "word2vec"],
]


@pytest.mark.parametrize("arguments", MISTAKEN, ids=" ".join)
def test_what_is_not_what_it_is_taken_for_is_named(
    arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    (name,) = {"text", "text/below", "folder", "list.yaml", "imagenet", "word2vec"} & set(arguments)
    assert refused([*arguments, "--json"], capfd, name.split("/")[0], "fix: ") == USAGE


PIPELINE_STEPS = [words for words in TAKING["--config"] if words not in (("serve",), ("quickstart",))]
CHANGES = {
    "root is a file": ("root: workspace", "root: text"),
    "root below a file": ("root: workspace", "root: text/below"),
    "no such method": ("method: spectral", "method: word2vec"),
    "a log that is a folder": ("workspace/data/ml-100k/interactions.parquet", "folder"),
    "a log that is text": ("workspace/data/ml-100k/interactions.parquet", "text"),
    "no log": ("", ""),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("words", PIPELINE_STEPS, ids=ids)
def test_a_pipeline_of_what_is_not_there_is_refused(
    words: tuple[str, ...], change: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "pipeline.yaml").write_text(SHIPPED.read_text().replace(*CHANGES[change]))
    refused(line(words, config="pipeline.yaml"), capfd)


@pytest.mark.parametrize("content", ["", "nothing", "[1]", '[{"a": 1}]', '"x"', "null", "{"])
@pytest.mark.parametrize(
    ("step", "earlier"), [("pretrain", "graphs"), ("derive", "embeddings"), ("publish", "features")]
)
def test_what_an_earlier_step_wrote_is_named_when_it_is_damaged(
    step: str, earlier: str, content: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "pipeline.yaml").write_text(SHIPPED.read_text())
    (folder / "workspace").mkdir()
    (folder / "workspace" / f"{earlier}.json").write_text(content)
    assert refused(line((step,), config="pipeline.yaml"), capfd, f"{earlier}.json") == USAGE


@pytest.mark.parametrize("words", TAKING["--config"], ids=ids)
@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "I/O error")])
def test_a_config_that_the_system_refuses_is_named(
    words: tuple[str, ...],
    error: OSError,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    read = Path.read_text

    def refuse(path: Path, *arguments: Any, **named: Any) -> str:
        if path.name == "list.yaml":
            raise error
        return read(path, *arguments, **named)

    monkeypatch.setattr(Path, "read_text", refuse)
    assert refused(line(words, config="list.yaml"), capfd, "list.yaml", str(error.strerror)) == USAGE


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_rights_that_are_missing_are_named(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "list.yaml").chmod(0)
    (folder / "folder").chmod(0o500)
    for words in TAKING["--config"]:
        assert refused(line(words, config="list.yaml"), capfd, "list.yaml") == USAGE
    assert refused(line(("data", "synthesize"), to="folder/world"), capfd, "folder") == USAGE


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied", "/data/x"), "/data/x: Permission denied"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError(18, "Invalid cross-device link", "/a", None, "/b"), "/a → /b: Invalid cross-device link"),
        (OSError("of one's own words"), "of one's own words"),
    ],
)
def test_what_the_system_refuses_within_a_job_is_told(
    error: OSError, said: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("jobs.commands.methods.method_rows", raising(error))
    assert refused(["methods", "--json"], capfd, said) == USAGE


def test_a_fault_of_ours_is_told_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A machine reads its object, and a person has what to report."""
    monkeypatch.setattr("jobs.commands.methods.method_rows", raising(ZeroDivisionError("x / 0")))
    assert run(["methods", "--json"]) == 1
    out, err = capfd.readouterr()
    assert json.loads(out)["exit_code"] == 1
    assert "ZeroDivisionError: x / 0" in json.loads(out)["error"]
    assert "Traceback" in err


@pytest.mark.parametrize("error", EmbeddingFeaturesError.__subclasses__())
def test_every_error_of_ours_has_its_code(
    error: type[EmbeddingFeaturesError], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("jobs.commands.methods.method_rows", raising(error("it", fix="mend it")))
    assert refused(["methods", "--json"], capfd, "it\n  fix: mend it") == error.exit_code


def raising(error: Exception) -> Any:
    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize("words", COMMANDS, ids=ids)
def test_every_command_has_a_test_that_it_refuses_what_it_cannot_use(words: tuple[str, ...]) -> None:
    """A new command fails here until its options or arguments are among those above."""
    of_options = [*TAKING["--config"], *TAKING["--repo"]]
    of_arguments = [tuple(arguments[: len(words)]) for arguments in MISTAKEN]
    assert words in [*of_options, *of_arguments]
    required = {p.name for p in COMMANDS[words].params if p.required} - {"config"}
    given = {name.removeprefix("--") for name in NEEDED.get(words, {})}
    assert required == given
