"""The first sentences of a report, on cells whose truth is written down."""

import pytest

from ranking.ablation.cells import Difference, Estimate
from ranking.ablation.config import AblationConfig
from ranking.ablation.headline import gains, headline, size
from ranking.ablation.result import ComparedCell, Cost, SliceFigure

CONFIG = AblationConfig()
HALF = Estimate(value=0.7, low=0.69, high=0.71)


def change(value, width=0.001, p=0.0004):
    return Difference(value=value, low=value - width, high=value + width, p=p)


def cell(ranker, variant, value=None, verdict=None, p=0.004, slices=None):
    return ComparedCell(
        ranker=ranker,
        variant=variant,
        metric="auc",
        figure=HALF,
        seeds=(0.7,),
        seed_std=None,
        difference=None if value is None else change(value),
        p_corrected=None if value is None else p,
        verdict=verdict,
        slices=slices or {},
    )


def grid(*verdicts):
    """ranker, variant, verdict; a gain is .004."""
    rankers = dict.fromkeys(ranker for ranker, *_ in verdicts)
    return [cell(ranker, "none") for ranker in rankers] + [
        cell(ranker, variant, 0.004 if verdict == "better" else 0.0, verdict)
        for ranker, variant, verdict in verdicts
    ]


@pytest.mark.parametrize(
    ("verdicts", "says"),
    [
        (
            [
                ("a", "dense", "better"),
                ("b", "dense", "better"),
                ("c", "dense", "better"),
                ("a", "tokens", "worse"),
            ],
            "Earned its keep in AUC: dense for all 3 rankers. Not shown: tokens.",
        ),
        (
            [("a", "dense", "better"), ("b", "dense", "better")],
            "Earned its keep in AUC: dense for both rankers.",
        ),
        (
            [
                ("a", "dense", "better"),
                ("b", "dense", "no difference"),
                ("a", "all", "better"),
                ("b", "all", "better"),
            ],
            "Earned its keep in AUC: all for both rankers; dense for a.",
        ),
        (
            [(r, v, "better") for v in ("dense", "all", "tokens") for r in "abc"]
            + [(r, v, "better") for v in ("clusters", "neighbours") for r in "ab"],
            "Earned its keep in AUC: dense for all 3 rankers; all for all 3 rankers; "
            "tokens for all 3 rankers; for some, clusters and neighbours.",
        ),
        (
            [("a", "dense", "better"), ("b", "dense", "better"), ("c", "dense", "worse")],
            "Earned its keep in AUC: dense for a and b.",
        ),
        ([("a", "dense", "worse")], "No variant improves AUC for any ranker."),
        (
            [("a", "counts", "better"), ("a", "dense", "no difference")],
            "No variant improves AUC for any ranker.",
        ),
    ],
)
def test_headline(verdicts, says):
    assert headline(grid(*verdicts), CONFIG) == says


def test_a_gain_says_for_whom_at_what_cost_how_surely():
    slices = {
        "cold users": SliceFigure(note="", figure=HALF, difference=change(0.009)),
        "head items": SliceFigure(note="", figure=HALF, difference=change(0.0005)),
        "tail items": SliceFigure(note="", figure=HALF, difference=change(0.006)),
        "no snapshot": SliceFigure(note="too few rows"),
    }
    best = cell("a", "all", 0.005, "better", 0.0004, slices)
    best = best.model_copy(update={"delong": change(0.005, 0.002)})
    cells = [cell("a", "none"), cell("a", "dense", 0.004, "better"), best, cell("a", "ids", 0.05, "better")]
    costs = {
        ("a", v): Cost(
            ranker="a", variant=v, candidates=200, bytes_online=b, read_ms=0.25, score_ms=m, train_seconds=1
        )
        for v, b, m in (("none", 0, 1.5), ("all", 3_400_000, 2.1))
    }
    (sentence,) = gains(cells, CONFIG, costs)
    assert sentence == (
        "a gains most with all: AUC +0.0050 [+0.0040, +0.0060], p < 0.001 after correction, by DeLong "
        "+0.0050 [+0.0030, +0.0070]; most for cold users +0.0090, tail items +0.0060; it keeps 3.4 MB "
        "online."
    )
    (sentence,) = gains(cells[:2], CONFIG, {})
    assert sentence.endswith("p = 0.004 after correction; in no slice alone is it told from nothing.")
    assert gains([cell("a", "none"), cell("a", "dense", -0.01, "worse")], CONFIG, costs) == []


def test_a_lower_log_loss_is_a_gain():
    config = AblationConfig(primary="log_loss")
    part = SliceFigure(note="", figure=HALF, difference=change(-0.02))
    cells = [
        cell("a", "dense", -0.004, "better", slices={"cold users": part}),
        cell("a", "all", -0.002, "better"),
    ]
    (sentence,) = gains([c.model_copy(update={"metric": "log_loss"}) for c in cells], config, {})
    assert sentence.startswith("a gains most with dense: log loss −0.0040")
    assert "most for cold users −0.0200" in sentence


@pytest.mark.parametrize(
    ("count", "says"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (34_000_000, "34 MB"), (256_000, "256 kB")],
)
def test_sizes(count, says):
    assert size(count) == says
