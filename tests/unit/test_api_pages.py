"""The API reference has every public module, and its links lead to what a package exports."""

import re
from pathlib import Path
from pkgutil import resolve_name

import pytest

from tests.paths import ROOT


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(ROOT / "docs")
    from api_pages import write_api_pages

    (tmp_path / "gone.rst").write_text("of a package that was removed")
    write_api_pages(tmp_path)
    return tmp_path


def test_every_module_has_one_section(pages: Path) -> None:
    text = "\n".join(path.read_text() for path in pages.glob("*.rst"))
    described = re.findall(r"^\.\. automodule:: ([\w.]+)$", text, re.MULTILINE)
    there = []
    for package in ("embedding_features", "ranking"):
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            there.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    public = [name for name in there if "._" not in name]
    assert sorted(described) == sorted(public)


def test_links_lead_to_what_a_package_exports(pages: Path) -> None:
    for path in pages.glob("*.rst"):
        for name, home in re.findall(r":py:obj:`(\w+) <([\w.]+)>`", path.read_text()):
            assert resolve_name(home) is getattr(resolve_name(path.stem), name), home


def test_pages_of_packages_that_are_gone_are_removed(pages: Path) -> None:
    assert not (pages / "gone.rst").exists()
    assert (pages / "embedding_features.graph.rst").exists()
