"""A repository that keeps events of users and items, and rankers on it that read fresh figures of both."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embedding_features.artifact import write_snapshot
from embedding_features.derive import Clusters, derive
from embedding_features.fresh import RECIPES, FreshSeries
from embedding_features.methods import make
from embedding_features.space import HealthConfig, check_health
from embedding_features.store import historical, list_published, materialize, publish
from embedding_features.testing.graphs import AS_OF, judged
from ranking.bundle import export_bundle
from ranking.dataset.dataset import build_dataset
from ranking.dataset.fresh_columns import FreshColumns
from ranking.log_features.log import Log
from ranking.models import WideDeep
from ranking.models.training import RankerTraining
from ranking.task.labels import entity_frame, load_labels
from ranking.task.task import LabelRule, Task
from tests.store.builders import US, make_repo

#: users and items of the log: 57, 58 and 59 have edges in no snapshot, 777 and 2000 are in none
USERS, ITEMS = [3, 9, 12, 20, 57, 58, 59, 777], [*range(1000, 1012), 1049, 2000]
#: the moment of the requests: a day after the snapshot
NOW = AS_OF + timedelta(days=1)
SETTINGS = "events: {user: {of: item, keep: 50}, item: {of: user, keep: 50}}\n"
#: which events count, fewer than some histories have
LAST = 12
#: ranker → which fields it has: vectors beside fresh figures, fresh figures alone, or those of one side
KEPT = {
    "dense": lambda spec: spec.group in ("base", "dense", "fresh"),
    "fresh": lambda spec: spec.group in ("base", "fresh"),
    "user": lambda spec: spec.group == "base" or (spec.group == "fresh" and spec.whose == "user"),
    "item": lambda spec: spec.group == "base" or (spec.group == "fresh" and spec.whose == "item"),
}


@dataclass(frozen=True)
class FreshWorld:
    """A repository with one run and the rankers of :data:`KEPT` over it.

    Attributes:
        task: over a log of the days before :data:`NOW`, which is a day and an hour long.
        series: what made the fresh figures, of users and of items.
    """

    repo: Path
    task: Task
    series: tuple[FreshSeries, ...]
    folder: Path

    def bundle(self, kind):
        return self.folder / kind

    def offline(self, user, items, events):
        """The raw columns of fresh figures of labels at :data:`NOW`, as training makes them of a log.

        Args:
            events: table of user_id, item_id, value and event_timestamp.
        """
        asked = pa.table(
            {
                "user_id": pa.array([user] * len(items)),
                "item_id": pa.array(items),
                "value": np.zeros(len(items)),
                "event_timestamp": pa.array([NOW] * len(items), US),
            }
        )
        rows = pa.concat_tables([events.select(asked.column_names), asked])
        names = ["user_id", "item_id", "label", "timestamp"]
        columns = FreshColumns(self.series, self.task, Log.of(rows.rename_columns(names)))
        return columns.columns(len(events), len(items))


def make_log(seed=0, count=240):
    """Events of the day before :data:`NOW`: ties in time, pairs that come again, one at the moment itself."""
    rng = np.random.default_rng(seed)
    users, items = rng.choice(USERS, count), rng.choice(ITEMS, count)
    minutes = np.append(np.sort(rng.integers(1, 24 * 60, count - 1)), 24 * 60)
    return pa.table(
        {
            "user_id": pa.array(users),
            "item_id": pa.array(items),
            "value": ((users + items) % 3 == 0).astype(float),
            "event_timestamp": pa.array([AS_OF + timedelta(minutes=int(m)) for m in minutes], US),
            "event_id": pa.array([f"e{number}" for number in range(count)]),
        }
    )


def make_fresh_world(root: Path, settings: str = SETTINGS, redis: str = "") -> FreshWorld:
    """The world, in a folder; ``settings`` are those of the repository."""
    repo = make_repo(root / "repo", redis=redis)
    (repo / "embedding_features.yaml").write_text(settings)
    method = make("als", dim=4, relation="saw").model_copy(update={"values": "judged"})
    features = derive(method.fit(judged(), seed=1), Clusters(k=4, top_k=2))
    made = write_snapshot(features, root / "runs", health=check_health(features).figures)
    publish(made.folder, repo, health=HealthConfig(max_norm_outliers=1))
    materialize(repo)
    log = make_log(1, 600)
    rating = pa.array(np.where(log["value"].to_numpy() > 0, 5, 2))
    columns = {name: log[name] for name in ("user_id", "item_id")}
    pq.write_table(
        pa.table({**columns, "timestamp": log["event_timestamp"], "rating": rating})
        .group_by(["user_id", "item_id", "timestamp"], use_threads=False)
        .aggregate([("rating", "min")])
        .rename_columns(["user_id", "item_id", "timestamp", "rating"]),
        root / "log.parquet",
    )
    task = Task(log=root / "log.parquet", label=LabelRule(column="rating", at_least=4))
    (run,) = list_published(repo)
    series = tuple(FreshSeries.read([run.snapshot], t, tuple(RECIPES), LAST) for t in ("user", "item"))
    world = FreshWorld(repo, task, series, root / "bundles")
    export_rankers(world)
    return world


def export_rankers(world: FreshWorld) -> None:
    """Train and export the rankers."""
    labels, published = load_labels(world.task), list_published(world.repo)
    frame = entity_frame(world.task, labels)
    features = historical(world.repo, frame, ["als_user_vector", "als_item_vector"])
    dataset = build_dataset(
        world.task, labels, features, [run.as_of for run in published], fresh=world.series
    )
    for name, kept in KEPT.items():
        encoders = dataset.encoders.select(kept)
        inputs = dataset.inputs.select(encoders.field_names())
        train, validation = (inputs.take(dataset.parts[part]) for part in ("train", "validation"))
        fitted = WideDeep(training=RankerTraining(epochs=2, batch_rows=128)).fit(train, validation, 0)
        export_bundle(
            world.bundle(name), fitted, encoders, published=published, data_fingerprint="f", metrics={},
            fresh=world.series,
        )  # fmt: skip
