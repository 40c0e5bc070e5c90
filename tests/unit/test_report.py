"""The HTML report: one file without requests, escaped, the same bytes again, and every figure in it."""

import re
from collections import Counter
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ranking.ablation import Ablation, AblationConfig, ablate
from ranking.findings import interval, signed
from ranking.report.context import ReportContext, SnapshotContext, SplitContext
from ranking.report.render import render, render_html
from ranking.report.summary import p_value, summary_rows, with_spread
from tests.unit.simulated_scores import simulated_scores

CONFIG = AblationConfig(replicates=700, slice_replicates=100)
HOSTILE = "<script>alert('x')</script>"
CONTEXT = ReportContext(
    title="A title & more",
    task="Label: rating of at least 4.",
    splits=(
        SplitContext(
            name="test",
            rows=1234,
            positives=617,
            first=datetime(1998, 1, 2, tzinfo=UTC),
            last=datetime(1998, 3, 4, 5, 6, tzinfo=UTC),
        ),
    ),
    snapshots=tuple(
        SnapshotContext(
            as_of=datetime(1998, 1, 1 + i, tzinfo=UTC),
            run_id=f"run-{i}",
            space="spectral.s1",
            health={"effective_rank": 41.5 + i} | ({"coverage": 0.75} if i else {}),
            alignment_residual=0.125 if i else None,
        )
        for i in range(2)
    ),
    variants={"+dense": "user and item vectors"},
    rankers={"lightgbm": "31 leaves"},
    notes=("Chosen on validation.",),
    command="embedding-features ablate",
)


class Page(HTMLParser):
    """Tags, attributes and text of a page; void tags aside, every tag must be closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))


@pytest.fixture(scope="module")
def result() -> Ablation:
    quality = {"lightgbm": {"none": 1.2, "+dense": 0.7, "all": 1.2}, "dlrm": {"none": 1.0, "all": 1.0}}
    return ablate(simulated_scores(quality, users=150), CONFIG)


@pytest.fixture(scope="module")
def page(result: Ablation) -> Page:
    return Page(render_html(result, CONTEXT))


def test_is_well_formed_and_asks_for_nothing(page: Page) -> None:
    """No script, link, image or frame; references stay inside the page, and point at something."""
    assert page.open == []
    for tag in ("script", "link", "img", "iframe", "object", "base"):
        assert page.tags[tag] == 0
    assert page.tags["svg"] == 2
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    for name, value in page.attributes:
        assert not name.startswith("on")
        if name in ("href", "xlink:href", "src"):
            assert value.startswith("#"), value
        if not name.startswith("xmlns"):
            assert "//" not in value, value
            assert set(re.findall(r"url\(#([^)]*)\)", value)) <= set(ids)
            assert not value.startswith("#") or value[1:] in ids


def test_colours_follow_the_scheme(result: Ablation) -> None:
    """No placeholder colour is left in the plots: each is one of the page's own variables."""
    html = render_html(result, CONTEXT)
    for plot in re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL):
        assert "var(--ink)" in plot
        assert "var(--line)" in plot
        assert re.findall(r"#[0-9a-f]{6}\b", plot) == []
    assert "var(--better)" in html[html.index("<svg") :]
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_verdict_first_then_every_figure(result: Ablation, page: Page) -> None:
    text = page.text
    assert text.index(result.findings[0]) < text.index("test rows") < text.index("How it was measured")
    for finding in result.findings:
        assert finding in text
    for cell in result.cells:
        assert with_spread(cell) in text
        if cell.difference:
            assert interval(cell.metric, cell.difference) in text
        for part in cell.slices.values():
            if cell.metric == "auc" and part.difference:
                assert signed("auc", part.difference.low) in text
    assert "too few rows" in text
    assert "▲ better" in text
    assert "not run" in text  # dlrm has no +dense


def test_tells_how_it_was_measured(page: Page) -> None:
    for words in (
        "A title & more",
        "Label: rating of at least 4.",
        "1,234",
        "50.0 %",
        "1998-03-04 05:06 UTC",
        "run-0",
        "run-1",
        "first",
        "0.125",
        "42.5",
        "0.75",
        "user and item vectors",
        "31 leaves",
        "Chosen on validation.",
        "embedding-features ablate",
        "700 times (100 for slices)",
        "fewer than 5 earlier events of the user",
    ):
        assert words in page.text, words


def test_same_result_same_bytes(result: Ablation, tmp_path: Path) -> None:
    """Also after a trip through JSON: nothing depends on the clock or on a dictionary's history."""
    result.write_json(tmp_path / "ablation.json")
    render(result, tmp_path / "a.html", CONTEXT)
    render(Ablation.read_json(tmp_path / "ablation.json"), tmp_path / "b.html", CONTEXT)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert "made 1" not in Page(render_html(result, CONTEXT)).text


def test_names_are_escaped_everywhere() -> None:
    """In text, in attributes, and in the plots, where a dollar is no formula either."""
    scores = simulated_scores({HOSTILE: {"none": 1.0, f'"{HOSTILE} $\\frac$': 1.0}}, users=60)
    hostile = ReportContext(title=HOSTILE, task=HOSTILE, rankers={HOSTILE: HOSTILE}, notes=(HOSTILE,))
    page = Page(render_html(ablate(scores, CONFIG), hostile))
    assert page.tags["script"] == 0
    assert HOSTILE in page.text
    assert not any(name.startswith("on") for name, _ in page.attributes)


def test_says_when_nothing_helps() -> None:
    result = ablate(simulated_scores({"dlrm": {"none": 1.0, "all": 1.0}}, users=60), CONFIG)
    text = Page(render_html(result, ReportContext(title="t", task="t"))).text
    assert "No variant improves AUC for any ranker." in text
    assert "▲" not in text.replace("(▲ better, ▼ worse, ○ no difference)", "")


def test_summary_rows(result: Ablation) -> None:
    """One row a ranker and variant, by the primary metric, the baseline without a verdict."""
    rows = summary_rows(result)
    assert [(row.ranker, row.variant) for row in rows] == [
        ("lightgbm", "none"),
        ("lightgbm", "+dense"),
        ("lightgbm", "all"),
        ("dlrm", "none"),
        ("dlrm", "all"),
    ]
    assert [row.verdict for row in rows] == ["", "better", "no difference", "", "no difference"]
    assert re.fullmatch(r"0\.\d{4} ± 0\.\d{4}", rows[1].figure)
    assert re.fullmatch(r"\+0\.\d{4} \[\+0\.\d{4}, \+0\.\d{4}\]", rows[1].difference)
    assert rows[0][3:] == ("", "", "")


def test_numbers_for_people() -> None:
    assert signed("auc", -0.00001) == "0.0000"
    assert signed("auc", -0.0123) == "−0.0123"
    assert signed("rce", 1.234) == "+1.23"
    assert (p_value(0.0004), p_value(0.0123), p_value(1.0)) == ("< 0.001", "0.012", "1")
