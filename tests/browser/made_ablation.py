"""An ablation with every section, made up: no ranker is trained, no user drawn."""

from datetime import UTC, datetime

import numpy as np

from ranking.ablation.cells import Difference, Estimate
from ranking.ablation.findings import findings, recall_findings
from ranking.ablation.headline import gains, headline
from ranking.ablation.result import (
    Ablation,
    AblationConfig,
    ComparedCell,
    Cost,
    FieldImportance,
    Importance,
    RecallCell,
    SliceFigure,
    SliceSize,
    Verdict,
)
from ranking.report.context import ReportContext, SnapshotContext, SplitContext

RANKERS = ("lightgbm", "wide_deep", "dlrm", "dcn")
VARIANTS = (
    "none", "ids", "counts", "dense", "dense-user", "dense-item", "als-dense", "clusters", "tokens",
    "neighbours", "dense-submodel", "none-mmd", "all",
)  # fmt: skip
SLICES = (
    "cold users", "tail users", "active users", "cold items", "tail items", "head items", "domain books",
    "domain music", "snapshot 0–7 days", "snapshot over 7 days", "no snapshot",
)  # fmt: skip
BASE = {"auc": 0.75, "gauc": 0.7, "log_loss": 0.58, "rce": 12.0, "ndcg@10": 0.6}
GROUPS = ("base", "counts", "knn", "dense", "clusters", "tokens", "neighbours")


def _estimate(value: float, half: float) -> Estimate:
    return Estimate(value=value, low=value - half, high=value + half)


def _difference(value: float, half: float) -> Difference:
    p = float(np.clip(np.exp(-2.5 * (value / half) ** 2), 0.0004, 1))
    return Difference(**_estimate(value, half).model_dump(), p=p)


def _verdict(change: Difference, better: bool) -> Verdict:
    if change.p >= 0.01:
        return "no difference"
    return "better" if (change.value > 0) == better else "worse"


def _cell(
    rng: np.random.Generator, ranker: str, variant: str, metric: str, slices: tuple[str, ...]
) -> ComparedCell:
    lower = metric == "log_loss"
    size = 1.0 if metric == "rce" else 0.01
    gain = {"ids": -4.0, "counts": -2.0, "none-mmd": -0.3}.get(variant, 0.6) + rng.normal(0, 0.4)
    change = _difference((-1 if lower else 1) * gain * size, 0.45 * size)
    seeds = tuple(float(s) for s in BASE[metric] + change.value + rng.normal(0, size / 10, 3))
    first = variant == "none"
    parts = {
        name: SliceFigure(
            note="",
            figure=_estimate(BASE[metric], size),
            difference=None if first else _difference(float(rng.normal(0.5, 0.8)) * size, 0.9 * size),
        )
        for name in slices[:-1]
    }
    return ComparedCell(
        ranker=ranker,
        variant=variant,
        metric=metric,
        figure=_estimate(float(np.mean(seeds)), size),
        seeds=seeds,
        seed_std=float(np.std(seeds, ddof=1)),
        difference=None if first else change,
        p_corrected=None if first else min(1.0, change.p * 5),
        verdict=None if first else _verdict(change, not lower),
        delong=None if first or metric != "auc" else _difference(change.value * 1.02, 0.4 * size),
        slices=parts | {slices[-1]: SliceFigure(note="too few rows")},
    )


def _cost(place: int, ranker: str, variant: str) -> Cost:
    bare = variant in ("none", "ids", "counts", "none-mmd", "dense-submodel")
    return Cost(
        ranker=ranker,
        variant=variant,
        candidates=200,
        bytes_online=0 if bare else 180_000 * (1 + VARIANTS.index(variant) % 5),
        read_ms=None
        if variant == "als-dense"
        else 0.0
        if bare
        else 0.9 + 0.13 * (VARIANTS.index(variant) % 5),
        score_ms=1.1 + 0.9 * place + 0.04 * VARIANTS.index(variant),
        train_seconds=3.5 + 11.0 * place,
    )


def _importance(rng: np.random.Generator, ranker: str, variant: str, fields: int) -> Importance:
    values = np.sort(rng.exponential(0.1, fields))[::-1] - 0.004
    named = [
        FieldImportance(
            field=f"{GROUPS[i % 7]}_{('user', 'item')[i % 2]}_{i}", group=GROUPS[i % 7], value=float(value)
        )
        for i, value in enumerate(values)
    ]
    method = "shap" if ranker == "lightgbm" else "permutation"
    return Importance(ranker=ranker, variant=variant, method=method, fields=tuple(named))


def _recall(rng: np.random.Generator, mixes: tuple[str, ...]) -> list[RecallCell]:
    cells = []
    for metric in ("recall@20", "ndcg@20"):
        for place, mix in enumerate(mixes):
            change = _difference(0.02 * place + float(rng.normal(0, 0.004)), 0.02)
            cells.append(
                RecallCell(
                    mix=mix,
                    metric=metric,
                    candidates=0.3 + 0.1 * place,
                    figure=_estimate(0.14 + change.value, 0.02),
                    difference=change if place else None,
                    p_corrected=min(1.0, change.p * 3) if place else None,
                    verdict=_verdict(change, True) if place else None,
                    slices={
                        "users with a vector": SliceFigure(
                            note="", figure=_estimate(0.2, 0.02), difference=change if place else None
                        ),
                        "users without a vector": SliceFigure(note="too few users"),
                    },
                )
            )
    return cells


def made_ablation(hostile: str = "") -> Ablation:
    """12 variants × 4 rankers, the last ranker without some; ``hostile`` is a part of many names."""
    rng = np.random.default_rng(7)
    config = AblationConfig(rungs=("ids", "counts"))
    rename = {"dcn": f"dcn {hostile}", "all": f"all {hostile}", "no snapshot": f"no snapshot {hostile}"}
    rankers = [rename.get(r, r) if hostile else r for r in RANKERS]
    slices = tuple(rename.get(s, s) if hostile else s for s in SLICES)
    pairs = [
        (place, ranker, rename.get(v, v) if hostile else v, v)
        for place, ranker in enumerate(rankers)
        for v in VARIANTS
        if place < 3 or v not in ("dense-submodel", "none-mmd")
    ]
    cells = [_cell(rng, r, shown, metric, slices) for _, r, shown, v in pairs for metric in config.metrics]
    costs = [_cost(place, r, v).model_copy(update={"variant": shown}) for place, r, shown, v in pairs]
    importance = [_importance(rng, r, rename["all"] if hostile else "all", 22) for r in rankers[:2]]
    recall = _recall(rng, ("popular", "popular + item2item", f"popular + item2item + vectors {hostile}"))
    primary = [cell for cell in cells if cell.metric == config.primary]
    by_cell = {(cost.ranker, cost.variant): cost for cost in costs}
    return Ablation(
        config=config,
        rows=20_000,
        users=903,
        positives=11_021,
        base_rate=0.552,
        gauc_skipped_users=74,
        cells=tuple(cells),
        slices=tuple(
            SliceSize(
                name=name, definition=f"rows of {name}", rows=4_000 - 100 * i, users=500, positives=2_100
            )
            for i, name in enumerate(slices)
        ),
        findings=(
            headline(primary, config),
            *gains(primary, config, by_cell),
            *findings(cells, config),
            *recall_findings(recall),
        ),
        costs=tuple(costs),
        importance=tuple(importance),
        recall=tuple(recall),
    )


def made_context(hostile: str = "") -> ReportContext:
    """What is told beside the figures."""
    start = datetime(1997, 9, 20, tzinfo=UTC)
    return ReportContext(
        title=f"MovieLens-100K: what pretrained features (spectral, als) bring a ranker {hostile}".strip(),
        task="Predict rating ≥ 4 of interactions.parquet, by what was known before.",
        splits=tuple(
            SplitContext(
                name=name, rows=rows, positives=rows // 2, first=start, last=start.replace(year=1998)
            )
            for name, rows in (("train", 70_000), ("validation", 10_000), ("test", 20_000))
        ),
        snapshots=tuple(
            SnapshotContext(
                as_of=start.replace(month=10 + i),
                run_id=f"spectral-1997{10 + i}18T000000Z-0123456789",
                space="spectral.s1",
                health={f"{t} {f}": 0.5 for t in ("user", "item") for f in ("coverage", "effective_rank")},
                alignment_residual=0.21 if i else None,
            )
            for i in range(3)
        ),
        variants={v: f"what {v} adds to the baseline" for v in VARIANTS},
        rankers=dict.fromkeys(RANKERS, "rounds 300 · leaves 15 · learning rate 0.05"),
        notes=("Each row is joined to the newest snapshot strictly older than itself.", hostile or "A note."),
        command="embedding-features ablate --config pipeline.yaml",
    )
