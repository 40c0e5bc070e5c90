"""A repository with two runs, a task over it, its data set, and rankers trained on it and exported."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embedding_features.store import historical, list_published, publish_series
from ranking.bundle import export_bundle
from ranking.dataset.dataset import Dataset, build_dataset
from ranking.dataset.graph_columns import find_graph_columns
from ranking.dataset.raw_columns import RawColumns
from ranking.log_features.histories import Histories
from ranking.metrics.calibration import fit_isotonic
from ranking.models import DIN, LightGBM, WideDeep
from ranking.models.training import RankerTraining
from ranking.task.labels import entity_frame, load_labels
from ranking.task.task import LabelRule, Task
from tests.store.builders import DAY, T0, US, ids_of, make_repo, snapshot

QUICK = RankerTraining(epochs=2, batch_rows=128)
RANKERS = {
    "lightgbm": LightGBM(rounds=20, min_rows_in_leaf=10),
    "wide_deep": WideDeep(training=QUICK),
    "din": DIN(training=QUICK),
}


@dataclass(frozen=True)
class World:
    """A repository with runs of days 0 and 7, a task over 18 days, its data set, and rankers exported."""

    repo: Path
    task: Task
    labels: pa.Table
    raw: pa.Table
    dataset: Dataset
    folder: Path

    def part(self, name):
        return self.dataset.inputs.take(self.dataset.parts[name])

    def bundle(self, kind):
        return self.folder / kind


def make_bundles(root: Path) -> World:
    """The world, in a folder."""
    repo = make_repo(root / "repo")
    publish_series([snapshot(root / "runs", d) for d in (0, 7)], repo, publish_delay=DAY)
    rng = np.random.default_rng(0)
    n, days = 900, np.sort(np.random.default_rng(1).uniform(0.5, 18, 900))
    users, items = rng.integers(0, 20, n), rng.integers(0, 30, n)
    log = pa.table(
        {
            "user_id": ids_of("user", 20).take(pa.array(users)),
            "item_id": ids_of("item", 30).take(pa.array(items)),
            "timestamp": pa.array([T0 + timedelta(days=float(d)) for d in days], US),
            "rating": np.where(users + items + rng.normal(0, 8, n) > 24, 5, 2),
        }
    )
    pq.write_table(log, root / "log.parquet")
    task = Task(log=root / "log.parquet", label=LabelRule(column="rating", at_least=4))
    labels = load_labels(task)
    runs = list_published(repo)
    features = historical(repo, entity_frame(task, labels), "ranking_all")
    moments = [run.as_of for run in runs]
    histories = Histories(labels, 5, moments)
    answer = historical(repo, histories.frame(task), ["spectral_item_vector"])
    vectors = {"spectral_item_vector": answer["spectral_item_vector__vector"]}
    dataset = build_dataset(task, labels, features, moments, histories=histories, history_vectors=vectors)
    raw = RawColumns(task, labels, find_graph_columns(task, features), moments, histories, vectors)
    raw = raw.part(0, features)
    made = World(repo, task, labels, raw, dataset, root / "bundles")
    for kind, ranker in RANKERS.items():
        export(made, ranker, made.bundle(kind))
    return made


def export(world, ranker, folder, **replaced):
    train, validation = world.part("train"), world.part("validation")
    fitted = ranker.fit(train, validation, 0)
    settings = {
        "published": list_published(world.repo),
        "data_fingerprint": train.fingerprint(),
        "metrics": {"auc": 0.5},
        "calibration": fit_isotonic(validation.label, fitted.predict(validation)),
    }
    return export_bundle(folder, fitted, world.dataset.encoders, **settings | replaced)
