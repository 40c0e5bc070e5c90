"""Measures what fold-ins bring on MovieLens-1M's published CTR split, beside cross-fitted features.

The split has no time, so "before" is "of other folds": a training row's user is folded in from the labels of
other folds, by items' posteriors that these labels alone made, and a test row's from the training labels. The
baseline has cross-fitted levels, tastes and the scores of ``bpmf`` on the same labels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.ctr_world import World, asked_rows, base_features, graph_features, inputs, load
from benchmarks.fresh_figures import BASELINE, FRESH, METRICS, change_figures
from embedding_features.arrays import F32
from embedding_features.fresh import Events, FoldIn, make_walk
from embedding_features.ids import RowsById
from embedding_features.methods import make
from ranking.ablation.config import AblationConfig
from ranking.ablation.judge import compare
from ranking.experiment.scores import Scores
from ranking.inputs.fields import Number
from ranking.inputs.inputs import Inputs
from ranking.log_features.crossfit import JUDGED, GraphScores, KnownLabels, LabelPairs, cross_fit
from ranking.models import DLRM, LightGBM, Ranker, WideDeep

RANKERS: Mapping[str, Ranker] = {
    "lightgbm": LightGBM(learning_rate=0.03, rounds=600, patience=50, l2=10),
    "wide_deep": WideDeep(),
    "dlrm": DLRM(),
}


def ctr_figures(seeds: Sequence[int]) -> dict[str, Any]:
    """Return ranker → its figures; a seed is that of the embeddings and of the ranker."""
    world = load("ml1m")
    scores: dict[str, dict[str, list[F32]]] = {name: {BASELINE: [], FRESH: []} for name in RANKERS}
    for seed in seeds:
        parts = _parts(world, seed)
        for name, ranker in RANKERS.items():
            for variant, groups in ((BASELINE, ("base", "dense")), (FRESH, ("base", "dense", "fresh"))):
                names = {field.name for field in parts["train"].fields if field.group in groups}
                train, validation, test = (parts[part].select(names) for part in ("train", "val", "test"))
                scores[name][variant].append(ranker.fit(train, validation, seed).predict(test))
    return _compared(world, scores)


class FoldInScores:
    """Scores pairs by fold-ins of ``vbmf``: mean, variance, and the number of labels that they rest on."""

    def __init__(self, world: World) -> None:
        self._fit = make(
            "vbmf", dim=12, relation=JUDGED, attributes=tuple(a.name for a in world.attributes)
        ).fit
        self._graphs = GraphScores("vbmf", self._fit, world.attributes)

    def __call__(self, known: KnownLabels, asked: LabelPairs, seed: int) -> dict[str, F32]:
        """Return the figures of the asked pairs, of the known labels."""
        made = self._fit(self._graphs.graph(known), seed=seed)
        items, users = (RowsById(made.tables[side].ids) for side in ("item", "user"))
        pairs, n = known.pairs, len(known.pairs)
        is_known = np.arange(n + len(asked)) < n
        events = Events(
            node=np.concatenate([pairs.user, asked.user]),
            other=np.concatenate([pairs.item, asked.item]),
            time=np.where(is_known, 1, 2),
            value=np.concatenate([2.0 * known.label - 1, np.zeros(len(asked))]),
            wanted=~is_known,
            counted=is_known,
        )
        rows = [items.find(pa.array(np.arange(pairs.items)))], [users.find(pa.array(np.arange(pairs.users)))]
        walk = make_walk(events, np.zeros(1, np.int64), *rows, last=n)
        found = FoldIn([made.fold_ins["user"]["own"]], [made.tables["item"].vectors]).rows(walk)
        figures = {"score": found.score, "variance": found.variance, "events": found.used}
        return {f"fold_in_{name}": values[n:].astype(np.float32) for name, values in figures.items()}


def _parts(world: World, seed: int) -> dict[str, Inputs]:
    """Return the inputs of each part; of training, the rows that have features."""
    folds = world.cross_parts("time", seed)
    made = inputs(world, base_features(world, folds), graph_features(world, folds, seed))
    fresh = cross_fit(world.pairs, world.label, folds, FoldInScores(world), seed=seed)
    fresh["fold_in_events"] = np.log1p(fresh["fold_in_events"])
    fields = tuple(Number(name, "fresh", values) for name, values in fresh.items())
    every, asked = replace(made, fields=made.fields + fields), asked_rows(folds, len(world.pairs))
    return {name: every.take(rows[asked[rows]]) for name, rows in world.parts.items()}


def _compared(world: World, scores: Mapping[str, Mapping[str, Sequence[F32]]]) -> dict[str, Any]:
    test = world.parts["test"]
    nothing = np.zeros(len(test), np.int64)
    judged = Scores(
        label=world.label[test],
        user=np.unique(world.pairs.user[test], return_inverse=True)[1],
        item=world.pairs.item[test],
        user_count=nothing,
        item_count=nothing,
        snapshot_age=np.full(len(test), np.nan, np.float32),
        scores={name: {v: np.stack(s) for v, s in variants.items()} for name, variants in scores.items()},
        base_rate=float(world.label[world.parts["train"]].mean()),
    )
    found = compare(judged, AblationConfig(baseline=BASELINE, metrics=METRICS))
    return change_figures(found)
