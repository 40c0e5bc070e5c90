"""Gives the figures that benchmarks of fresh vectors report: AUC with them, and what they bring."""

from collections.abc import Iterable

from ranking.ablation.cells import ComparedCell

#: the variant without fresh figures, the one with them, and the metrics that both are compared by
BASELINE, FRESH = "none", "fresh"
METRICS = ("auc", "gauc", "log_loss")


def change_figures(cells: Iterable[ComparedCell], baseline: str = BASELINE) -> dict[str, dict[str, float]]:
    """Return ranker → ``baseline_auc``, ``auc``, ``difference``, ``low``, ``high``, and other differences.

    Args:
        cells: of the variants ``baseline`` and :data:`FRESH`, in :data:`METRICS`.
        baseline: what the differences are from.
    """
    found: dict[str, dict[str, float]] = {}
    for cell in cells:
        figures, change = found.setdefault(cell.ranker, {}), cell.difference
        if cell.metric == "auc" and cell.variant in (baseline, FRESH):
            figures["auc" if cell.variant == FRESH else "baseline_auc"] = cell.figure.value
        if cell.variant == FRESH and change is not None:
            named = {"difference": change.value, "low": change.low, "high": change.high}
            figures |= named if cell.metric == "auc" else {f"{cell.metric}_difference": change.value}
    return found
