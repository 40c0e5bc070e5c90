"""The ablation as one HTML file: no script, no request, the same bytes for the same result."""

from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from embedding_features.files import write_atomic
from ranking.ablation_result import Ablation, Verdict
from ranking.findings import interval, number, signed
from ranking.metric_statistics import METRICS
from ranking.report.context import ReportContext
from ranking.report.plots import forest
from ranking.report.summary import p_value, with_spread
from ranking.significance import Difference

_MARKS: dict[Verdict | None, str] = {"better": "▲", "worse": "▼", "no difference": "○", None: ""}


def _when(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _side(difference: Difference, metric: str) -> Verdict:
    """Which side of 0 a whole interval is on, uncorrected: for the slices, which have no verdict."""
    if difference.low <= 0 <= difference.high:
        return "no difference"
    return "better" if (difference.value > 0) == METRICS[metric].higher_is_better else "worse"


def _strongest(ablation: Ablation, ranker: str) -> float:
    """The largest slice difference of a ranker that leaves out 0: the full tint of its table."""
    metric = ablation.config.primary
    shown = [
        abs(part.difference.value)
        for cell in ablation.cells
        if cell.ranker == ranker and cell.metric == metric
        for part in cell.slices.values()
        if part.difference and _side(part.difference, metric) != "no difference"
    ]
    return max(shown, default=1.0)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("ranking", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": lambda value, metric: number(metric, value),
        "signed": lambda value, metric: signed(metric, value),
        "interval": lambda difference, metric: interval(metric, difference),
        "p_value": p_value,
        "with_spread": with_spread,
        "mark": lambda verdict: _MARKS[verdict],
        "side": _side,
        "when": _when,
        "thousands": lambda value: f"{value:,}",
    }
    return environment


def render_html(ablation: Ablation, context: ReportContext) -> str:
    """The report as a string of HTML; ``context`` and all names in ``ablation`` are escaped."""
    css = resources.files("ranking.report").joinpath("report.css").read_text(encoding="utf-8")
    rankers = ablation.rankers
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            ablation=ablation,
            config=ablation.config,
            context=context,
            css=Markup(css),
            metrics=METRICS,
            variants=list(dict.fromkeys(cell.variant for cell in ablation.cells)),
            plots={ranker: forest(ablation, ranker) for ranker in rankers},
            strongest={ranker: _strongest(ablation, ranker) for ranker in rankers},
            health=list(dict.fromkeys(name for snapshot in context.snapshots for name in snapshot.health)),
        )
    )


def render(ablation: Ablation, path: Path, context: ReportContext) -> None:
    """Write the report to ``path``, whole or not at all."""
    write_atomic(path, render_html(ablation, context).encode())
