"""What the documentation says exists, exists."""

import re
from pathlib import Path
from pkgutil import resolve_name
from typing import get_args

import pytest
import typer
import yaml

from embedding_features.config import parse_config
from embedding_features.graph.schema import GraphSchema
from embedding_features.methods import methods
from embedding_features.store.marks import Mark, tag
from jobs.cli import app
from jobs.pipeline import load_pipeline
from ranking.experiment.factors.registry import PLUG_INS
from ranking.models.base import Ranker
from ranking.task.task import Task
from tests.paths import ROOT

PAGES = sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
#: names that begin as our packages do and are something else: the tags of views, and groups of plug-ins
OTHER_NAMES = {*(tag(name) for name in get_args(Mark)), Ranker.plug_ins, PLUG_INS}


def test_every_method_is_documented() -> None:
    text = (ROOT / "docs" / "methods.md").read_text()
    assert all(f"| `{name}` |" in text for name in methods())


def _code(page: str) -> str:
    """Return what a page sets as code: blocks, indented blocks and words in backticks."""
    text = (ROOT / page).read_text()
    return "\n".join(re.findall(r"^```.*?^```|^    .*?$|`[^`\n]+`", text, re.DOTALL | re.MULTILINE))


def _imports(page: str) -> list[str]:
    """Return the dotted names that examples of a page import from our packages."""
    line = r"^ *from ((?:embedding_features|ranking)[\w.]*) import ([\w, ]+)$"
    lines = re.findall(line, (ROOT / page).read_text(), re.MULTILINE)
    return [f"{module}.{name.strip()}" for module, names in lines for name in names.split(",")]


def _resolves(name: str) -> bool:
    try:
        resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


@pytest.mark.parametrize("page", PAGES)
def test_names_of_our_packages_resolve(page: str) -> None:
    named = re.findall(r"(?<![\w/.-])(?:embedding_features|ranking|jobs|benchmarks)(?:\.\w+)+", _code(page))
    named = [*_imports(page), *(name for name in named if not name.endswith((".yaml", ".py")))]
    assert [name for name in sorted({*named} - OTHER_NAMES) if not _resolves(name)] == []


@pytest.mark.parametrize("page", PAGES)
def test_files_of_the_project_are_there(page: str) -> None:
    roots = "embedding_features|ranking|jobs|benchmarks|tests|docs"
    named = re.findall(rf"(?<![\w/.-])(?:{roots})/[\w/.-]+\.(?:py|md|yaml|svg|png)", _code(page))
    assert [path for path in sorted({*named}) if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_commands(page: str) -> None:
    known = set(typer.main.get_command(app).commands)
    named = re.findall(r"(?<![\w/\[.-])embedding-features +([a-z][\w-]*)", _code(page))
    assert sorted({*named} - known) == []


def test_the_page_of_methods_includes_a_file_of_a_method() -> None:
    page = ROOT / "docs" / "methods.md"
    (included,) = re.findall(r"^```\{literalinclude\} (.+)$", page.read_text(), re.MULTILINE)
    assert "@method(" in (page.parent / included).read_text()


def test_every_page_is_in_the_contents() -> None:
    pages = {str(path.relative_to(ROOT / "docs").with_suffix("")) for path in ROOT.glob("docs/**/*.md")}
    listed = set(re.findall(r"^[\w/-]+$", (ROOT / "docs" / "index.md").read_text(), re.MULTILINE))
    assert pages - listed - {"index"} == {page for page in pages if page.startswith("decisions/")}


def test_five_seconds_are_said_with_their_dimensions() -> None:
    for page in PAGES:
        for paragraph in re.split(r"\n\n|\n- ", (ROOT / page).read_text()):
            told = " ".join(paragraph.split())
            assert not re.search(r"five seconds", told, re.IGNORECASE) or "512 dimensions" in told, told


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_pipeline_of_the_how_to_is_one(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "howto" / "pipeline.md").read_text()
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "pipeline.yaml").write_text(block)
    assert load_pipeline(tmp_path / "pipeline.yaml").pretrain.method == "spectral"


def test_the_logs_of_the_how_to_are_read() -> None:
    text = (ROOT / "docs" / "howto" / "logs.md").read_text()
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    says = yaml.safe_load(block)
    assert parse_config(says["graph"], GraphSchema, "graph").relations["bought"].dialect.delimiter == ";"
    assert parse_config(says["rank"]["task"], Task, "task").source.timestamp == "shown_at"
