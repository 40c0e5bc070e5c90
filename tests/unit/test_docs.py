"""What the documentation says exists, exists."""

import re
from pathlib import Path

import pytest
import yaml

from embedding_features.config import parse_config
from embedding_features.graph.schema import GraphSchema
from embedding_features.methods import methods
from jobs.pipeline import load_pipeline
from ranking.task.task import Task
from tests.paths import ROOT


def test_every_method_is_documented() -> None:
    text = (ROOT / "docs" / "methods.md").read_text()
    assert all(f"| `{name}` |" in text for name in methods())


@pytest.mark.parametrize(
    "page", sorted(str(p.relative_to(ROOT)) for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
)
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
