"""The HTML report: one file without requests, escaped, the same bytes again, and every figure in it."""

import re
from collections import Counter
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from ranking.ablation.ablate import Ablation, AblationConfig, ablate
from ranking.ablation.findings import interval, signed
from ranking.report.context import ReportContext, SnapshotContext, SplitContext
from ranking.report.costs import apart, cost_rows, gain_over_cost
from ranking.report.render import render, render_html
from ranking.report.summary import p_value, summary_rows, with_spread
from ranking.report.svg import shortened
from tests.browser.made_ablation import made_ablation, made_context
from tests.unit.ranking.ablation.simulated_scores import simulated_scores

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
        if tag not in ("meta", "br", "input"):
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


@pytest.fixture(scope="module")
def whole() -> Ablation:
    """12 variants × 4 rankers with every section."""
    return made_ablation()


@pytest.fixture(scope="module")
def whole_page(whole: Ablation) -> Page:
    return Page(render_html(whole, made_context()))


def test_every_variant_of_every_ranker_is_judged(whole: Ablation, whole_page: Page) -> None:
    """A cell a variant and ranker, "not run" where there is none, and the baseline's parts named as such."""
    glance = whole_page.text[whole_page.text.index("○ no difference) variant") :]
    glance = glance[len("○ no difference)") : glance.index("Findings")]
    verdicts = [c.verdict for c in whole.cells if c.metric == "auc" and c.verdict]
    for verdict, mark in (("better", "▲"), ("worse", "▼"), ("no difference", "○")):
        assert glance.count(f"{mark} {verdict}") == verdicts.count(verdict) > 0
    assert glance.count("not run") == 2
    assert glance.count("part of the baseline") == 2


def test_delong_stands_beside_the_bootstrap(whole: Ablation, whole_page: Page) -> None:
    opinions = [cell.delong for cell in whole.cells if cell.delong]
    assert len(opinions) == 46
    for opinion in opinions:
        assert f"DeLong {signed('auc', opinion.low)} … {signed('auc', opinion.high)}" in whole_page.text


def test_costs_stand_beside_gains(whole: Ablation, whole_page: Page) -> None:
    costs = whole_page.text[
        whole_page.text.index("What it costs") : whole_page.text.index("What the rankers lean")
    ]
    assert costs.count("not online") == 4
    for words in ("0 B", "900 kB", "one user and 200 candidates", "Up and to the left is better"):
        assert words in costs
    change = whole.cell("dlrm", "all", "auc").difference
    assert change is not None
    assert f"{signed('auc', change.value)}540kB1.163.384.5425.5" in costs.replace(" ", "")


def test_what_is_not_online_is_on_no_plot(whole: Ablation) -> None:
    """Nor are the baseline's parts; and one point alone is no comparison."""
    rows = cost_rows(whole, "lightgbm", whole.variants("lightgbm"))
    shown = re.findall(r"> ([\w-]+)</text>", str(gain_over_cost(whole, "lightgbm", rows)))
    expected = set(whole.variants("lightgbm")) - {"ids", "counts", "als-dense"}
    assert {name for name in shown if name in whole.variants("lightgbm")} == expected
    assert gain_over_cost(whole, "lightgbm", rows[:3]) is None
    assert [row.gain for row in rows[:1]] == [0.0]


def test_importance_is_told_by_field_and_by_group(whole: Ablation, whole_page: Page) -> None:
    """The first 15 of 22 fields; a group's sum is over all of them."""
    first = whole.importance[0]
    assert "the first 15 of 22 fields" in whole_page.text
    for field in first.fields[:15]:
        assert f"{field.field}{field.group}{field.value:.4f}" in whole_page.text.replace(" ", "")
    assert first.fields[15].field not in whole_page.text
    knn = sum(field.value for field in first.fields if field.group == "knn")
    assert f"knn{knn:.4f}" in whole_page.text.replace(" ", "")


def test_recall_mode_has_verdicts(whole: Ablation, whole_page: Page) -> None:
    recall = whole_page.text[whole_page.text.index("Recall mode Candidates") :]
    for cell in whole.recall:
        assert f"{cell.figure.value:.4f} [{cell.figure.low:.4f}, {cell.figure.high:.4f}]" in recall
        if cell.difference:
            assert interval("auc", cell.difference) in recall
    assert "▲ better" in recall
    assert "30.0 %" in recall


def test_what_was_not_measured_has_no_section(page: Page) -> None:
    for words in ("What it costs", "What the rankers lean on", "Recall mode"):
        assert words not in page.text


def test_links_of_the_contents_lead_to_sections(whole: Ablation, whole_page: Page) -> None:
    links = [value[1:] for name, value in whole_page.attributes if name == "href" and value.startswith("#r")]
    ids = [value for name, value in whole_page.attributes if name == "id"]
    assert links == ["ranker-0", "ranker-1", "ranker-2", "ranker-3", "recall"]
    assert set(links) <= set(ids)


def test_labels_beside_a_plot_keep_their_order_and_distance() -> None:
    """Where they fit, places are as wished; where they crowd, the crowd stays in its middle."""
    assert apart([0.0, 5.0, 9.0], 1.0, 0.0, 10.0) == [0.0, 5.0, 9.0]
    assert apart([2.0, 2.0, 2.0], 1.0, 0.0, 10.0) == pytest.approx([1.0, 2.0, 3.0])
    assert apart([9.9, 10.0], 1.0, 0.0, 10.0) == pytest.approx([9.0, 10.0])
    crowd = apart([0.0, 0.1, 5.0, 5.1, 5.2], 0.5, 0.0, 10.0)
    assert np.diff(crowd).min() >= 0.5 - 1e-9


def test_a_long_name_leaves_room_for_its_plot() -> None:
    assert shortened("dense-user") == "dense-user"
    assert shortened("x" * 300) == "x" * 19 + "…"
