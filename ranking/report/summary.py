"""The short table a terminal shows after an ablation."""

from typing import NamedTuple

from ranking.ablation.findings import interval, number
from ranking.ablation.result import Ablation, ComparedCell


class SummaryRow(NamedTuple):
    """One ranker × variant by the primary metric; the baseline's difference, p and verdict are empty."""

    ranker: str
    variant: str
    figure: str
    difference: str
    p: str
    verdict: str


def p_value(p: float) -> str:
    """A p-value to two digits."""
    return f"{p:.2g}" if p >= 0.001 else "< 0.001"


def with_spread(cell: ComparedCell) -> str:
    """``0.7321 ± 0.0012``: the mean over seeds and their standard deviation, if there are several seeds."""
    spread = "" if cell.seed_std is None else f" ± {number(cell.metric, cell.seed_std)}"
    return number(cell.metric, cell.figure.value) + spread


def summary_rows(ablation: Ablation) -> list[SummaryRow]:
    """A row for each ranker and variant: figure ± seeds, difference [interval], corrected p, verdict."""
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
