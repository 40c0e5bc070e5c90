"""Measures CTR on a published split: ``python -m benchmarks.ctr --dataset ml1m --json``.

Rankers without and with graph features, three seeds each; a seed is that of the embeddings and of the ranker.
Rankers stop on the validation rows, and the best of them is chosen there by log loss; the test rows are read
once a cell, for the table. No timestamp is a feature, and no training row's features come from its own label:
with ``--parts random`` they come from other folds', with ``--parts time`` from earlier rows', the one
thing that training timestamps are then used for.
"""

import argparse
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.ctr_world import World, asked_rows, base_features, graph_features, inputs, load
from benchmarks.harness import emit, peak_rss_mb, timed
from ranking.inputs.inputs import Inputs
from ranking.metrics.metrics import auc, log_loss
from ranking.models import DLRM, DCNv2, DeepFM, LightGBM, Ranker, WideDeep

#: best AUC (SAM) and log loss (DCNv2) of ReChorus 2.0, whose models also use hour and weekday
PUBLISHED = {"ml1m": (0.7919, 0.5572)}

SEEDS = (0, 1, 2)

#: the rankers of the table
RANKERS: Mapping[str, Ranker] = {
    "lightgbm": LightGBM(learning_rate=0.03, rounds=600, patience=50, l2=10),
    "dcn_v2": DCNv2(),
    "deep_fm": DeepFM(),
    "wide_deep": WideDeep(),
    "dlrm": DLRM(),
}

VARIANTS = {"without": ("base",), "with": ("base", "dense")}

Figures = dict[str, list[float]]


def main() -> None:
    """Make features, fit, judge and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--dataset", choices=sorted(PUBLISHED), default="ml1m")
    parser.add_argument("--parts", choices=("time", "random"), default="time")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    world = load(arguments.dataset)
    with timed() as whole:
        cells, feature_seconds = run(world, arguments.parts)
    table = [summary(*cell, figures) for cell, figures in cells.items()]
    best = min(table, key=lambda row: float(row["validation_log_loss"]))
    published_auc, published_log_loss = PUBLISHED[arguments.dataset]
    report: dict[str, Any] = {
        "dataset": arguments.dataset,
        "parts": arguments.parts,
        "best": f"{best['ranker']} {best['graph']} graph features",
        **{key: best[key] for key in ("auc", "log_loss", "auc_spread", "log_loss_spread")},
        "published_auc": published_auc,
        "published_log_loss": published_log_loss,
        "seeds": list(SEEDS),
        "feature_seconds": feature_seconds,
        "seconds": whole.seconds,
        "peak_rss_mb": peak_rss_mb(),
        "table": table,
    }
    emit(report, arguments.json)


def run(world: World, how: str) -> tuple[dict[tuple[str, str], Figures], float]:
    """Return (ranker, variant) → figures a seed, and the seconds that features took."""
    cells: dict[tuple[str, str], Figures] = {}
    spent = 0.0
    for seed in SEEDS:
        with timed() as features:
            made = split_inputs(world, how, seed)
        spent += features.seconds
        for name, ranker in RANKERS.items():
            for variant, groups in VARIANTS.items():
                parts = {
                    part: rows.select({field.name for field in rows.fields if field.group in groups})
                    for part, rows in made.items()
                }
                found = judge(ranker, parts, seed)
                for key, value in found.items():
                    cells.setdefault((name, variant), {}).setdefault(key, []).append(value)
    return cells, spent


def split_inputs(world: World, how: str, seed: int) -> dict[str, Inputs]:
    """Return the inputs of each part; of training, the rows that have features."""
    parts = world.cross_parts(how, seed)
    every = inputs(world, base_features(world, parts), graph_features(world, parts, seed))
    asked = asked_rows(parts, len(world.pairs))
    return {name: every.take(rows[asked[rows]]) for name, rows in world.parts.items()}


def judge(ranker: Ranker, parts: Mapping[str, Inputs], seed: int) -> dict[str, float]:
    """Return validation and test figures of one fit."""
    with timed() as fit:
        fitted = ranker.fit(parts["train"], parts["val"], seed)
    found = {"fit_seconds": fit.seconds}
    for prefix, rows in (("validation_", parts["val"]), ("", parts["test"])):
        score = fitted.predict(rows)
        found[f"{prefix}auc"] = auc(rows.label, score)
        found[f"{prefix}log_loss"] = log_loss(rows.label, score)
    return found


def summary(ranker: str, variant: str, figures: Figures) -> dict[str, Any]:
    """Return means over seeds, and the spread: the largest of a test figure less the smallest."""
    means = {key: float(np.mean(values)) for key, values in figures.items()}
    spreads = {f"{key}_spread": float(np.ptp(figures[key])) for key in ("auc", "log_loss")}
    return {"ranker": ranker, "graph": variant, **means, **spreads}


if __name__ == "__main__":
    main()
