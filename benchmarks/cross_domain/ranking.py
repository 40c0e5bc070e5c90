"""Measures a ranker's AUC on vectors: target rows alone, rows of both domains, and both aligned by MMD."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.cross_domain.compare import compared, note
from benchmarks.cross_domain.data import Pairs, Window
from benchmarks.cross_domain.vectors import Choice, Vectors, rotated, vectors
from ranking.inputs.fields import Number, Vector
from ranking.inputs.inputs import Field, Inputs
from ranking.metrics.metrics import log_loss
from ranking.metrics.statistics import auc_statistic, rows_of
from ranking.models import DLRM
from ranking.models.alignment import MMD
from ranking.models.training import RankerTraining

NEGATIVES = 4
#: of MMD, tried by the first seed
WEIGHTS = (0.1, 1.0)
#: above so many training rows batches are large, and the estimate is the linear one
LARGE = 50_000


@dataclass(frozen=True)
class Rows:
    """Holds pairs of one window with their labels."""

    window: Window
    pairs: Pairs
    label: np.ndarray


@dataclass(frozen=True)
class Plan:
    """Says which windows' late pairs train, choose and test, in the order of time."""

    train: Sequence[Window]
    validation: Sequence[Window]
    test: Sequence[Window]


def labelled(window: Window, positive: Pairs, seed: int, cold: Pairs | None = None) -> Rows:
    """Return ``positive`` and negatives drawn evenly from each domain's known items or ``cold`` ones."""
    rng = np.random.default_rng(seed)
    user, domain = np.repeat(positive.user, NEGATIVES), np.repeat(positive.domain, NEGATIVES)
    item = np.zeros(len(user), np.int64)
    for code in np.unique(domain):
        mine = domain == code
        pool = np.flatnonzero(window.degrees("item", int(code))) if cold is None else np.unique(cold.item)
        item[mine] = rng.choice(pool, int(mine.sum()))
    drawn = Pairs(user, item, domain, np.zeros(len(user), np.int64))
    drawn = drawn.where(~np.isin(drawn.key, np.concatenate([window.edges.key, window.late.key])))
    both = Pairs(*(np.concatenate([getattr(p, c) for p in (positive, drawn)]) for c in vars(positive)))
    return Rows(window, both, (np.arange(len(both)) < len(positive)).astype(np.float32))


def inputs(parts: Sequence[Rows], found: Mapping[str, Vectors], target: int, source: bool) -> Inputs:
    """Return vectors, products and degrees as of each window; with ``source`` other domains' as well."""
    vector_fields = []
    for side in ("user", "item"):
        tables, rows, offset = [], [], 0
        for part in parts:
            its = getattr(found[part.window.name], side)
            row = its.row[getattr(part.pairs, side)]
            rows.append(np.where(row > 0, row + offset, 0))
            tables.append(its.table[1:])
            offset += len(its.table) - 1
        width = tables[0].shape[1]
        table = np.concatenate([np.zeros((1, width), np.float32), *tables])
        vector_fields.append(
            Vector(f"graph_{side}_vector", "dense", side, np.concatenate(rows).astype(np.int32), table)
        )
    own, items, elsewhere = [], [], []
    for part in parts:
        here, everywhere = np.zeros(len(part.pairs)), part.window.degrees("user")[part.pairs.user]
        for code in np.unique(part.pairs.domain):
            mine = part.pairs.domain == code
            here[mine] = part.window.degrees("user", int(code))[part.pairs.user[mine]]
        own.append(here)
        elsewhere.append(everywhere - here)
        items.append(part.window.degrees("item")[part.pairs.item])
    columns = {"user_degree": own, "item_degree": items} | ({"user_elsewhere": elsewhere} if source else {})
    fields: list[Field] = [
        *vector_fields,
        *_products(*vector_fields),
        *(Number(n, "base", np.log1p(np.concatenate(v)).astype(np.float32)) for n, v in columns.items()),
    ]
    domain = np.concatenate([part.pairs.domain for part in parts])
    return Inputs(
        np.concatenate([part.label for part in parts]),
        tuple(fields),
        domain=(domain == target).astype(np.int64),
    )


def _products(user: Vector, item: Vector) -> list[Field]:
    """Return dot product and cosine, NaN where a vector is unknown."""
    known = user.present & item.present
    left, right = user.values, item.values
    dot = np.where(known, (left * right).sum(1), np.nan).astype(np.float32)
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    cosine = np.divide(dot, lengths, out=np.full_like(dot, np.nan), where=known & (lengths > 0))
    return [Number("graph_dot", "dense", dot), Number("graph_cosine", "dense", cosine)]


def spaces(plan: Plan, target: int | None, choice: Choice, seed: int) -> dict[str, Vectors]:
    """Return the vectors of all windows, each rotated onto the one before."""
    found: dict[str, Vectors] = {}
    for window in (*plan.train, *plan.validation, *plan.test):
        if window.name not in found:
            new = vectors(window, target, choice, seed)
            found[window.name] = rotated(new, list(found.values())[-1]) if found else new
    return found


def scored(
    plan: Plan,
    target: int,
    choices: Mapping[str, Choice],
    seed: int,
    judge: Sequence[Rows],
    weights: Sequence[float],
) -> tuple[dict[str, np.ndarray], float]:
    """Return each arm's scores of ``judge``'s rows, and which of MMD's ``weights`` is best on validation."""

    def known(window: Window) -> Pairs:
        """Return the late pairs of items and users that the window knows."""
        mask = window.degrees("item")[window.late.item] > 0
        return window.late.where(mask & (window.degrees("user")[window.late.user] > 0))

    train = [labelled(w, known(w), seed) for w in plan.train]
    own = [
        Rows(r.window, r.pairs.where(r.pairs.domain == target), r.label[r.pairs.domain == target])
        for r in train
    ]
    validation = [labelled(w, w.little(target)[0], 0) for w in plan.validation]
    result = {}
    rows = sum(len(part.pairs) for part in train)
    batch = 2048 if rows > LARGE else 256
    training = RankerTraining(batch_rows=batch, epochs=10, patience=2, learning_rate=2e-3, decay=1e-5)

    def run(parts: Sequence[Rows], arm: str, alignment: MMD | None) -> tuple[float, np.ndarray]:
        source = arm == "with source"
        found = spaces(plan, None if source else target, choices[arm], seed)
        ranker = DLRM(dim=8, bottom=(16,), top=(32,), training=training, alignment=alignment)
        watched = inputs(validation, found, target, source)
        fitted = ranker.fit(inputs(parts, found, target, source), watched, seed)
        loss = log_loss(watched.label, fitted.predict(watched))
        note(f"target {target}, seed {seed}, {arm}, {alignment and alignment.weight}: log loss {loss:.4f}")
        return loss, fitted.predict(inputs(judge, found, target, source))

    result["target only"] = run(own, "target only", None)[1]
    result["with source"] = run(train, "with source", None)[1]
    estimate = "linear" if rows > LARGE else "unbiased"
    aligned = [run(train, "with source", MMD(weight=weight, estimate=estimate)) for weight in weights]
    best = int(np.argmin([loss for loss, _ in aligned]))
    result["with source, MMD"] = aligned[best][1]
    return result, weights[best]


def judged(
    plan: Plan, targets: Sequence[int], choices: Mapping[str, Choice], seeds: int, cold: bool
) -> dict[str, Any]:
    """Return the arms' AUC on users with little history in each target, pooled, and on cold items."""
    arms: dict[str, list[list[np.ndarray]]] = {}
    weights: list[float] = []
    tests: list[tuple[list[Rows], list[Rows]]] = []
    for target in targets:
        warm = [labelled(w, w.little(target)[0], 1) for w in plan.test if len(w.little(target)[0])]
        frozen = [labelled(w, p, 1, p) for w in plan.test if cold and len(p := w.little(target)[1])]
        tests.append((warm, frozen))
        tried: Sequence[float] = WEIGHTS
        for seed in range(seeds):
            scores, weight = scored(plan, target, choices, seed, [*warm, *frozen], tried)
            tried = (weight,)
            for arm, values in scores.items():
                arms.setdefault(arm, [[] for _ in range(seeds)])[seed].append(values)
        weights.append(tried[0])
    result: dict[str, Any] = {"MMD weights chosen": weights}
    pairs = [
        ("with source", "target only"),
        ("with source, MMD", "with source"),
        ("with source, MMD", "target only"),
    ]
    for title, cold_part in (("little history", False), ("cold items", True)):
        parts = [test[int(cold_part)] for test in tests]
        if not any(parts):
            continue
        label = np.concatenate([r.label for part in parts for r in part])
        user = np.concatenate([r.pairs.user for part in parts for r in part])
        rows = rows_of(label, user)

        def cut(values: list[np.ndarray], cold_part: bool = cold_part) -> np.ndarray:
            """Return each target's scores of this title; the warm rows come first."""
            edges = [sum(len(r.pairs) for r in test[0]) for test in tests]
            return np.concatenate([v[e:] if cold_part else v[:e] for v, e in zip(values, edges, strict=True)])

        statistics = {arm: [auc_statistic(rows, cut(v)) for v in per_seed] for arm, per_seed in arms.items()}
        result[title] = {"users": rows.users, "rows": len(label), **compared(statistics, rows.users, pairs)}
    return result
