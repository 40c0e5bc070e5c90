"""Measures recall@20 by fresh vectors on MovieLens-100K, for users of whom no vector or no target is known.

Each source of candidates stands alone, beside popularity and item-kNN of the log; differences have paired
bootstrap intervals by user. ``unknown_users`` asks at the moment of each test like of a user without a vector
in the newest older snapshot; ``new_to_target`` once for each test user who likes science fiction, as of the
first such film they meet, by what they met of other genres. Family and weight of the mean user are chosen on
the validation part.
"""

import argparse
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import yaml

from benchmarks.fresh import CONFIGS
from benchmarks.fresh_recall_requests import Asked, of_new_to, of_unknown_users
from benchmarks.fresh_recall_sources import K, World, filled, item_knn, popular
from benchmarks.harness import data_root, emit, peak_rss_mb, timed
from embedding_features.artifact import Snapshot
from embedding_features.progress import SILENT
from jobs.commands.steps import STEPS, PipelineRun
from jobs.pipeline import Pipeline
from ranking.ablation.config import AblationConfig
from ranking.modes.logged_requests import part_borders
from ranking.modes.merge import Candidates
from ranking.modes.recall_ablation import judge_mixes
from ranking.modes.request_figures import request_figures
from ranking.studies.new_surface import surface_items
from ranking.task.labels import load_labels

FAMILIES, GENRE = ("als", "spectral"), "Sci-Fi"
#: weights of the mean user to choose from, by the validation part
WEIGHTS = (0.0, 0.25, 0.5, 1.0)


def main() -> None:
    """Pretrain the quickstart's snapshots, and report both kinds of users."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--dataset", choices=("ml100k",), default="ml100k")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    data_root(arguments.dataset)
    os.environ["EMBEDDING_FEATURES_DATA"] = str(data_root().resolve())
    # the pipeline's paths begin at the working directory
    with timed() as clock, tempfile.TemporaryDirectory() as folder, chdir(folder):
        report = measured()
    head = {"dataset": arguments.dataset}
    emit({**head, **report, "seconds": clock.seconds, "peak_rss_mb": peak_rss_mb()}, arguments.json)


def measured() -> dict[str, Any]:
    """Return the figures of both kinds of users."""
    pipeline = pretrained()
    task, labels = pipeline.rank.task, load_labels(pipeline.rank.task)
    user, item = task.user.node_type, task.item.node_type
    worlds = {name: World(series, user, item) for name, series in snapshots_of(pipeline).items()}
    target, snapshots = target_items(pipeline, labels), worlds[FAMILIES[0]].snapshots
    _, *parts = pairwise(part_borders(labels))
    unknown = [of_unknown_users(labels, snapshots, user, span, pipeline.recall.every_days) for span in parts]
    new = [of_new_to(labels, target, span) for span in parts]
    return {
        name: compared(validation, test, worlds, pipeline.ablate)
        for name, (validation, test) in {"unknown_users": unknown, "new_to_target": new}.items()
    }


def pretrained() -> Pipeline:
    """Return the quickstart's pipeline, its snapshots of the families written."""
    values = yaml.safe_load((CONFIGS / "ml100k.yaml").read_text(encoding="utf-8"))
    values["also"] = [method for method in values["also"] if method["method"] in FAMILIES]
    run = PipelineRun(Pipeline.model_validate(values), SILENT)
    for name in ("data", "graph", "pretrain"):
        STEPS[name](run)
    return run.pipeline


def snapshots_of(pipeline: Pipeline) -> dict[str, list[Snapshot]]:
    """Return family → its snapshots."""
    written = pipeline.workspace.read_json("embeddings", "pretrain", dict[str, list[str]])
    return {
        one.family_name: [Snapshot.open(Path(folder)) for folder in written[one.key]]
        for one in pipeline.methods
    }


def target_items(pipeline: Pipeline, labels: pa.Table) -> pa.Array:
    """Return ids of the log's films of the target's genre."""
    items = labels["item_id"].combine_chunks().unique()
    return items.filter(pa.array(surface_items(pipeline.rank.task, "genres", GENRE, items)))


@dataclass(frozen=True)
class Chosen:
    """Holds what the validation part chose.

    Attributes:
        weights: family → weight of the mean user.
        family: the best.
    """

    weights: Mapping[str, float]
    family: str


def chosen(validation: Sequence[Asked], worlds: Mapping[str, World]) -> Chosen:
    """Return each family's best weight, and the best family by it; of equal ones the first."""
    recalls = {
        (name, weight): recall(validation, [world.fresh(asked, weight) for asked in validation])
        for name, world in worlds.items()
        for weight in WEIGHTS
    }
    weights = {name: max(WEIGHTS, key=lambda one: recalls[name, one]) for name in worlds}
    return Chosen(weights, max(worlds, key=lambda name: recalls[name, weights[name]]))


def compared(
    validation: Sequence[Asked], test: Sequence[Asked], worlds: Mapping[str, World], config: AblationConfig
) -> dict[str, Any]:
    """Return each source's test recall, and the differences of the best fresh one from the log's."""
    choice = chosen(validation, worlds)
    lists = {"popular": [popular(asked) for asked in test], "item_knn": [item_knn(asked) for asked in test]}
    both = zip(test, lists["item_knn"], lists["popular"], strict=True)
    lists["item_knn_popular"] = [filled(*one) for one in both]
    for name, world in worlds.items():
        lists[name] = [world.fresh(asked, choice.weights[name]) for asked in test]
    recalls = {name: recall(test, found) for name, found in lists.items()}
    differences = {
        f"over_{name}": over(test, lists[choice.family], lists[name], config)
        for name in lists
        if name not in worlds
    }
    fresh = {"fresh": choice.family, "mean_user": dict(choice.weights), "recall": recalls[choice.family]}
    return {"queries": len(test), **recalls, **fresh, **differences}


def recall(asked: Sequence[Asked], found: Sequence[Candidates]) -> float:
    """Return mean recall@K of lists as they stand."""
    figures = request_figures([one.requests for one in asked], found, _as_they_stand(found), K)
    return float(figures["recall ranked"].mean())


def over(
    asked: Sequence[Asked],
    found: Sequence[Candidates],
    baseline: Sequence[Candidates],
    config: AblationConfig,
) -> dict[str, float]:
    """Return the difference in recall@K of two sources, with its interval."""
    mixes = {name: (lists, _as_they_stand(lists)) for name, lists in (("log", baseline), ("fresh", found))}
    cells = judge_mixes([one.requests for one in asked], mixes, K, config)
    (change,) = (cell.difference for cell in cells if (cell.mix, cell.metric) == ("fresh", f"recall@{K}"))
    assert change is not None
    return {"difference": change.value, "low": change.low, "high": change.high}


def _as_they_stand(found: Sequence[Candidates]) -> list[np.ndarray]:
    """Return scores that leave lists in their order."""
    return [np.zeros(len(one.items.flatten()), np.float32) for one in found]


if __name__ == "__main__":
    main()
