"""The short table a terminal shows after an ablation."""

from typing import NamedTuple

from ranking.ablation.findings import interval, number
from ranking.ablation.result import Ablation, ComparedCell


class SummaryRow(NamedTuple):
    """One ranker × variant by the primary metric; difference, p and verdict of a baseline are empty."""

    ranker: str
    variant: str
    figure: str
    difference: str
    p: str
    verdict: str


def p_value(p: float) -> str:
    """Return a p-value to two digits, or that it is below 0.001."""
    return f"{p:.2g}" if p >= 0.001 else "< 0.001"


def with_spread(cell: ComparedCell) -> str:
    """Return a figure as ``0.7321 ± 0.0012``: mean and, of several seeds, standard deviation over them."""
    spread = "" if cell.seed_std is None else f" ± {number(cell.metric, cell.seed_std)}"
    return number(cell.metric, cell.figure.value) + spread


def summary_rows(ablation: Ablation) -> list[SummaryRow]:
    """Return a row for each ranker and variant: figure ± seeds, difference, corrected p, verdict."""
    return [
        SummaryRow(
            ranker=cell.ranker,
            variant=cell.variant,
            figure=with_spread(cell),
            difference=interval(cell.metric, cell.difference) if cell.difference else "",
            p="" if cell.p_corrected is None else p_value(cell.p_corrected),
            verdict=cell.verdict or "",
        )
        for cell in ablation.cells
        if cell.metric == ablation.config.primary
    ]
