"""Both reports, made up with every section and with hostile names, in headless Chromium."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from embedding_features.progress import SILENT
from jobs.commands.report import snapshot_page
from ranking.report.render import render
from tests.browser.made_ablation import made_ablation, made_context
from tests.browser.made_snapshots import made_snapshots, made_titles

HOSTILE = (
    f"""<script>alert(1)</script><img src=x onerror=alert(2)>" onload="alert(3)' $\\frac{{ {"long" * 60}"""
)
REPORTS = ("ablation", "snapshot")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, closed when the last test here is done: while it is open, nothing else may run asyncio."""
    path = shutil.which("chromium")
    if path is None and os.environ.get("CI") == "true":
        pytest.fail("no chromium on the PATH, and CI must not skip what needs it")
    if path is None:
        pytest.skip("no chromium on the PATH (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Name → file."""
    folder = tmp_path_factory.mktemp("reports")
    pages = {name: folder / f"{name}.html" for name in REPORTS}
    render(made_ablation(HOSTILE), pages["ablation"], made_context(HOSTILE))
    _, snapshot = made_snapshots(folder / "runs", users=16, items=20)
    titles = made_titles(folder / "titles.parquet", HOSTILE, items=20)
    snapshot_page(snapshot.folder, [f"{titles}:item_id:title"], None, pages["snapshot"], HOSTILE, SILENT)
    return pages
