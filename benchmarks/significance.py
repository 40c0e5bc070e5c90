"""Measures whether intervals hold the truth: ``python -m benchmarks.significance --json``.

Coverage is the share of simulations whose 95 % interval holds the truth, known in closed form
(:mod:`benchmarks.significance_world`); ``…_se`` is its Monte Carlo standard error. DeLong's intervals are to
hold the AUC of the training runs at hand, the bootstrap's that of all runs. ``unclustered_delong`` is wrongly
told that the rows of a user are independent. In the A/A ablation all variants are drawn alike, so that any
finding is false; in the planted one each ranker has one better variant, which must be found.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from scipy.stats import binomtest

from benchmarks.harness import emit, timed
from benchmarks.significance_world import K, Simulated, clustered, independent
from embedding_features.arrays import F32
from ranking.ablation.ablate import AblationConfig, ComparedCell, ablate
from ranking.ablation.cells import Difference, Estimate
from ranking.ablation.comparison import measure
from ranking.ablation.delong import delong
from ranking.ablation.result import Verdict
from ranking.experiment.scores import Scores
from ranking.metrics.statistics import rows_of

ALPHA = 0.05
SIMULATIONS, ABLATIONS, PLANTED = 2000, 200, 40
FEW_USERS, USERS, MANY_USERS, SEEDS = 40, 100, 1000, 3
BASELINE, BETTER = "none", "+dense"
QUALITY = {BASELINE: 0.74, BETTER: 0.76, "+tokens": 0.74}  # AUC
RANKERS = ("lightgbm", "dlrm", "wide_deep")
VARIANTS = (BASELINE, BETTER, "+clusters", "+tokens", "all")
AUC_ONLY = AblationConfig(metrics=("auc",), alpha=ALPHA)
WHOLE_TEST = AblationConfig(replicates=2500, alpha=ALPHA, min_slice_rows=10**9)  # no slices
GAIN = 0.06  # what the better variant of the planted ablation adds to AUC

Held = Mapping[str, bool]  # interval → whether the truth is in it
Grid = Simulated[tuple[str, str]]  # of (ranker, variant)


def main() -> None:
    """Simulate, count and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    with timed() as whole:
        few = coverage(lambda number: clustered_holds(FEW_USERS, number))
        report = {
            "simulations": SIMULATIONS,
            **coverage(lambda number: delong_holds(independent(QUALITY, 300, number), "delong")),
            **coverage(lambda number: clustered_holds(USERS, number)),
            **{f"few_users_{name}": value for name, value in few.items()},
            **nothing_of_nothing(),
            **power(),
        }
    emit({**report, "seconds": whole.seconds}, arguments.json)


def coverage(trial: Callable[[int], Held], simulations: int = SIMULATIONS) -> dict[str, float]:
    """Return the share of trials in which the truth is in the interval, and that share's standard error."""
    held = [trial(number) for number in range(simulations)]
    result = {}
    for name in held[0]:
        share = float(np.mean([one[name] for one in held]))
        result[f"{name}_coverage"] = share
        result[f"{name}_coverage_se"] = (share * (1 - share) / simulations) ** 0.5
    return result


def clustered_holds(users: int, number: int) -> Held:
    """Return what both methods hold on rows of users, and DeLong's if rows were independent."""
    world = clustered(QUALITY, users, SEEDS, number)
    return {
        **delong_holds(world, "clustered_delong"),
        **bootstrap_holds(world, number, "bootstrap"),
        **delong_holds(unclustered(world), "unclustered_delong"),
    }


def unclustered(world: Simulated[K]) -> Simulated[K]:
    """Return the same rows, dealt out to the users at random: a test then takes them for independent."""
    user = np.random.default_rng(world.rows.users).permutation(world.rows.user)
    return replace(world, rows=rows_of(world.rows.label, user))


def delong_holds(world: Simulated[str], name: str) -> Held:
    """Return what DeLong's intervals hold of the better variant's AUC and gain, of the runs at hand."""
    judged = delong(world.rows, world.scores, BASELINE, ALPHA)[BETTER]
    truth = {variant: float(auc.mean()) for variant, auc in world.auc.items()}
    return _holds(name, judged.figure, judged.difference, truth)


def bootstrap_holds(world: Simulated[str], number: int, name: str, replicates: int = 1000) -> Held:
    """Return what the bootstrap's intervals hold of the better variant's AUC and gain, of all runs."""
    config = AUC_ONLY.model_copy(update={"seed": number})
    judged = measure(world.rows, world.scores, config.metrics, config, replicates)[BETTER, "auc"]
    return _holds(name, judged.figure, judged.difference, QUALITY)


def _holds(name: str, figure: Estimate, gain: Difference | None, truth: Mapping[str, float]) -> Held:
    change = truth[BETTER] - truth[BASELINE]
    return {
        name: figure.low <= truth[BETTER] <= figure.high,
        f"{name}_difference": gain is not None and gain.low <= change <= gain.high,
    }


def grid(number: int, gain: float, users: int, seeds: int = SEEDS) -> Grid:
    """Return cells drawn alike, but for one variant of each ranker that is better by ``gain``."""
    cells = {cell: QUALITY[BASELINE] + gain * (cell[1] == BETTER) for cell in product(RANKERS, VARIANTS)}
    return clustered(cells, users, seeds, number)


def compared(world: Grid, number: int, config: AblationConfig = WHOLE_TEST) -> list[ComparedCell]:
    """Return the variants' cells of the primary metric, of a whole ablation."""
    n = world.rows.label.size
    many, young = np.full(n, 100), np.ones(n, np.float32)
    scores: dict[str, dict[str, F32]] = {}
    for (ranker, variant), runs in world.scores.items():
        scores.setdefault(ranker, {})[variant] = runs
    given = Scores(world.rows.label, world.rows.user, many, many, many, young, scores, base_rate=0.5)
    cells = ablate(given, config.model_copy(update={"seed": number})).cells
    return [cell for cell in cells if cell.metric == config.primary and cell.difference]


def found(cells: Sequence[ComparedCell]) -> set[tuple[str, str, Verdict | None]]:
    """Return what is said to differ from the baseline."""
    return {(cell.ranker, cell.variant, cell.verdict) for cell in cells if cell.verdict != "no difference"}


def nothing_of_nothing() -> dict[str, float]:
    """Return the share of A/A ablations that find any difference."""
    false = sum(bool(found(compared(grid(number, 0.0, USERS), number))) for number in range(ABLATIONS))
    return {
        "aa_ablations": ABLATIONS,
        "aa_false_findings": false / ABLATIONS,
        "aa_false_count": false,
        "aa_false_upper_95": float(binomtest(false, ABLATIONS).proportion_ci(0.9).high),
    }


def power() -> dict[str, float]:
    """Return the share of better variants found, and of ablations that find anything else besides."""
    planted = {(ranker, BETTER, "better") for ranker in RANKERS}
    true, false = 0, 0
    for number in range(ABLATIONS, ABLATIONS + PLANTED):
        findings = found(compared(grid(number, GAIN, MANY_USERS), number))
        true += len(findings & planted)
        false += bool(findings - planted)
    return {
        "planted_ablations": PLANTED,
        "planted_gain": GAIN,
        "planted_found": true / (PLANTED * len(RANKERS)),
        "planted_false_findings": false / PLANTED,
    }


if __name__ == "__main__":
    main()
