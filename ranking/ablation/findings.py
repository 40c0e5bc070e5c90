"""The findings of an ablation, in sentences that claim no more than the test showed."""

from collections.abc import Sequence

from ranking.ablation.cells import ComparedCell, Difference, RecallCell
from ranking.ablation.config import AblationConfig
from ranking.ablation.result import SurfaceResult
from ranking.metrics.statistics import METRICS


def number(metric: str, value: float) -> str:
    """Return a figure as text, with the metric's digits."""
    return f"{value:.{METRICS[metric].digits}f}".replace("-", "−")


def signed(metric: str, value: float) -> str:
    """Return a difference as text, with its sign; what rounds to 0 has none."""
    text = f"{value:+.{METRICS[metric].digits}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def interval(metric: str, difference: Difference) -> str:
    """Return a difference and its interval as text, such as ``+0.0081 [+0.0050, +0.0112]``."""
    low, high = signed(metric, difference.low), signed(metric, difference.high)
    return f"{signed(metric, difference.value)} [{low}, {high}]"


def _primary_metric(ranker: str, primary: Sequence[ComparedCell], config: AblationConfig) -> list[str]:
    """Return which variants of a ranker are better or worse in the primary metric, and which undecided."""
    metric, title = config.primary, METRICS[config.primary].title
    mine = [(cell, cell.difference) for cell in primary if cell.ranker == ranker and cell.difference]
    sign = 1 if METRICS[metric].higher_is_better else -1
    mine.sort(key=lambda pair: -sign * pair[1].value)
    sentences = []
    for verdict in ("better", "worse"):
        changes = [
            f"{cell.variant} {interval(metric, change)}" for cell, change in mine if cell.verdict == verdict
        ]
        if changes:
            sentences.append(f"{ranker}: {title} is {verdict} than the baseline with {'; '.join(changes)}.")
    undecided = [(cell, change) for cell, change in mine if cell.verdict == "no difference"]
    if undecided:
        names = ", ".join(cell.variant for cell, _ in undecided)
        low, high = min(d.low for _, d in undecided), max(d.high for _, d in undecided)
        sentences.append(
            f"{ranker}: no difference in {title} shown for {names}; their intervals leave open changes from "
            f"{signed(metric, low)} to {signed(metric, high)}."
        )
    return sentences


def _other_metrics(ranker: str, cells: Sequence[ComparedCell], config: AblationConfig) -> list[str]:
    """Return which variants of a ranker are better or worse in each metric but the primary one."""
    mine = [c for c in cells if c.ranker == ranker and c.metric != config.primary]
    groups = []
    for verdict in ("better", "worse"):
        for metric in config.metrics:
            names = [c.variant for c in mine if c.metric == metric and c.verdict == verdict]
            if names:
                groups.append(f"{METRICS[metric].title} {verdict} with {', '.join(names)}")
    if groups:
        return [f"{ranker}, other metrics: {'; '.join(groups)}."]
    return [f"{ranker}, other metrics: no difference shown."] if mine else []


def _slices(cells: Sequence[ComparedCell], config: AblationConfig) -> list[str]:
    """Return how many slices look different, beside how many would by chance."""
    differences = [
        figure.difference
        for cell in cells
        if cell.metric == config.primary
        for figure in cell.slices.values()
        if figure.difference
    ]
    apart = sum(d.low > 0 or d.high < 0 for d in differences)
    if not differences:
        return []
    return [
        f"Slices are for looking, not for verdicts: {apart} of {len(differences)} intervals of "
        f"{METRICS[config.primary].title} leave out 0; about {config.alpha * len(differences):.0f} would if "
        "nothing differed."
    ]


def recall_findings(cells: Sequence[RecallCell]) -> list[str]:
    """Return what each mix of candidates' sources brought to the recall mode, a sentence a metric."""
    sentences = []
    for metric in dict.fromkeys(cell.metric for cell in cells):
        mine = [cell for cell in cells if cell.metric == metric]
        changes = [
            f"{cell.mix} {cell.verdict}, {interval('auc', d)}" for cell in mine if (d := cell.difference)
        ]
        if changes:
            start = f"Recall mode, {metric} against {mine[0].mix} ({mine[0].figure.value:.4f})"
            sentences.append(f"{start}: {'; '.join(changes)}.")
    return sentences


def surface_findings(surfaces: Sequence[SurfaceResult], metric: str) -> list[str]:
    """Return what behaviour elsewhere, and fresh scores of it, brought to a new surface; a sentence each."""
    sentences = []
    for surface in surfaces:
        for cell in surface.cells:
            if (cell.variant, cell.metric) != ("fresh", metric) or cell.difference is None:
                continue
            sentences.append(
                f"New surface {surface.name}, {surface.labels} labels, {cell.ranker}: with fresh scores "
                f"{METRICS[cell.metric].title} {number(cell.metric, cell.figure.value)}, "
                f"{interval(cell.metric, cell.difference)} over counts, means and item-kNN of behaviour "
                f"elsewhere ({cell.verdict})."
            )
    return sentences


def late_findings(cells: Sequence[ComparedCell]) -> list[str]:
    """Return what is left of the gain of fresh figures when events are seen late."""
    changes = [f"{interval(c.metric, d)} at {c.variant}" for c in cells if (d := c.difference)]
    if not changes:
        return []
    title = METRICS[cells[0].metric].title
    return [f"Events seen late, {cells[0].ranker}: {title} over the baseline {'; '.join(changes)}."]


def findings(cells: Sequence[ComparedCell], config: AblationConfig) -> list[str]:
    """Return what the test showed of each ranker, and what it did not."""
    rankers = list(dict.fromkeys(cell.ranker for cell in cells))
    primary = [cell for cell in cells if cell.metric == config.primary]
    sentences = []
    for ranker in rankers:
        sentences += _primary_metric(ranker, primary, config)
    for ranker in rankers:
        sentences += _other_metrics(ranker, cells, config)
    sentences += _slices(cells, config)
    single = [r for r in rankers if all(len(c.seeds) == 1 for c in primary if c.ranker == r)]
    if single:
        sentences.append(
            f"{', '.join(single)}: one seed a variant, so the intervals tell of other users, not of other "
            "training runs."
        )
    return sentences
