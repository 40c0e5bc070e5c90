"""The cells of an ablation: figures of a ranker × variant × metric, their intervals and verdicts."""

from typing import Literal

from embedding_features.config import Config

#: whether a variant is better than the baseline, by the corrected p-value and the metric's direction
Verdict = Literal["better", "worse", "no difference"]
#: why a slice has no figure; "" where it has one
Note = Literal["", "too few rows", "too few users", "one class only"]


class Estimate(Config):
    """Holds a figure and its interval."""

    value: float
    low: float
    high: float


class Difference(Estimate):
    """Holds variant minus baseline, its interval, and the two-sided p-value of there being no difference."""

    p: float


class SliceFigure(Config):
    """Holds a cell's metric on a slice, not corrected for the number of slices.

    Attributes:
        note: why there is no figure.
        figure: the metric; None with a note.
        difference: variant minus baseline; None for the baseline and with a note.
    """

    note: Note
    figure: Estimate | None = None
    difference: Difference | None = None


class ComparedCell(Config):
    """Holds one ranker × variant × metric. The baseline's own cell has no difference and no verdict.

    Attributes:
        figure: mean over seeds, with its interval.
        seeds: the metric of each seed.
        seed_std: standard deviation between seeds; None for one seed.
        difference: variant minus baseline: interval (of this one difference, at 1 - alpha) and raw p-value.
        p_corrected: p after Holm's correction over the family.
        verdict: the verdict by ``p_corrected``, in the metric's own direction (a lower log loss is better).
        delong: for AUC, the same difference by DeLong's test on clusters of users: a second test, which draws
            no users and does not count the noise of seeds.
        slices: name of a slice → the metric on it.
    """

    ranker: str
    variant: str
    metric: str
    figure: Estimate
    seeds: tuple[float, ...]
    seed_std: float | None
    difference: Difference | None = None
    p_corrected: float | None = None
    verdict: Verdict | None = None
    delong: Difference | None = None
    slices: dict[str, SliceFigure] = {}


class RecallCell(Config):
    """Holds a metric of the recall mode, where candidates come from a mix of sources and are ranked.

    The first mix is the baseline of the others.

    Attributes:
        mix: the sources, as ``popular + item2item``.
        metric: ``recall@20`` or ``ndcg@20``, over requests, end to end.
        candidates: the share of wanted items among the candidates, an upper bound of what ranking reaches.
        figure, difference, p_corrected, verdict: as of :class:`ComparedCell`.
        slices: name of a slice of the requests → the metric on it.
    """

    mix: str
    metric: str
    candidates: float
    figure: Estimate
    difference: Difference | None = None
    p_corrected: float | None = None
    verdict: Verdict | None = None
    slices: dict[str, SliceFigure] = {}


def verdict(change: float, significant: bool, higher_is_better: bool = True) -> Verdict:
    """Return which way a metric changed, or that there is no difference where that is not significant."""
    if not significant:
        return "no difference"
    return "better" if (change > 0) == higher_is_better else "worse"
