"""Makes what the benchmark of the service serves: vectors online, and a ranker trained on them.

20,000 users and 20,000 items with 64-d vectors of a low rank, a log whose labels the vectors tell something
of, a repository of ours over either online store with a view of counts beside the vectors, and a bundle of
DCN-V2 on ids, counts, both vectors, and how alike they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Float32, Int64

from embedding_features.artifact import Embeddings, EmbeddingTable, Provenance, Snapshot, write_snapshot
from embedding_features.fresh import FreshSeries
from embedding_features.space import check_health
from embedding_features.store import historical, list_published, materialize, publish
from embedding_features.store.marks import marks
from ranking.bundle import export_bundle
from ranking.dataset.dataset import build_dataset
from ranking.dataset.fresh_columns import FreshColumns
from ranking.inputs.field_specs import AnyField, CategorySpec, NumberSpec, SimilaritySpec, VectorSpec
from ranking.inputs.spec import RankerSpec
from ranking.log_features.log import Log
from ranking.metrics.calibration import fit_isotonic
from ranking.models import DCNv2
from ranking.models.training import RankerTraining
from ranking.task.labels import entity_frame, load_labels
from ranking.task.task import SIDES, LabelRule, Task
from tests.store.builders import DAY, T0, US, healthy_vectors, ids_of, make_repo

USERS, ITEMS, DIM, ROWS = 20_000, 20_000, 64, 60_000
FAMILY = "spectral"
SERVICE = """
auth: {kind: none}
columns: {item_events: "item_counts:events", item_mean: "item_counts:mean"}
popular: popular.parquet
recall: {candidates: 200}
"""


@dataclass(frozen=True)
class World:
    """Names the folders of what is served."""

    bundle: Path
    repo: Path
    config: Path


def make_runs(root: Path) -> Snapshot:
    """Write a snapshot of all vectors below a folder."""
    rng = np.random.default_rng(0)
    vectors = {"user": healthy_vectors(USERS, DIM, rng), "item": healthy_vectors(ITEMS, DIM, rng)}
    tables = {t: EmbeddingTable(t, ids_of(t, len(v)), v, len(v)) for t, v in vectors.items()}
    made = Provenance(FAMILY, {"seed": 0}, "dot", "dot", T0, 0, "0" * 8, {"likes": (5, T0, T0)})
    embeddings = Embeddings(tables, made)
    return write_snapshot(embeddings, root, health=check_health(embeddings).figures)


def make_world(root: Path, snapshot: Snapshot, redis: str = "") -> World:
    """Make a repository with the snapshot online, and a bundle trained from it.

    Args:
        root: folder of all of it.
        snapshot: to be published.
        redis: address of a server; empty for the embedded store.
    """
    repo = make_repo(root / "repo", redis=redis)
    deploy(root, repo, snapshot)
    train_bundle(root, repo)
    return World(root / "bundle", repo, root / "service.yaml")


def deploy(root: Path, repo: Path, snapshot: Snapshot) -> None:
    """Bring a snapshot online in a repository, write a log, and bring counts of it online.

    Args:
        root: folder of the log, of what the service is told, and of popular items.
        repo: the repository.
        snapshot: to be published.
    """
    publish(snapshot, repo, publish_delay=DAY)
    materialize(repo)
    write_log(root / "log.parquet", snapshot)
    bring_counts_online(repo, root / "log.parquet")
    popular = pa.table({"item_id": ids_of("item", 500)})
    pq.write_table(popular, root / "popular.parquet")
    (root / "service.yaml").write_text(SERVICE)


def write_log(path: Path, snapshot: Snapshot) -> None:
    """Write labels of 20 days after the snapshot: a rating is high where the vectors of both are alike."""
    rng = np.random.default_rng(1)
    users, items = rng.integers(0, USERS, ROWS), rng.integers(0, ITEMS, ROWS)
    vectors = {side: snapshot.vectors(side) for side in SIDES}
    taste = 8 * np.einsum("nd,nd->n", vectors["user"].vectors[users], vectors["item"].vectors[items])
    seconds = np.sort(rng.uniform(1.1, 21, ROWS)) * 86_400e6
    log = {
        "user_id": vectors["user"].ids.take(pa.array(users)),
        "item_id": vectors["item"].ids.take(pa.array(items)),
        "timestamp": pa.array(int(T0.timestamp() * 1e6) + seconds.astype(np.int64)).cast(US),
        "rating": np.where(taste + rng.logistic(size=ROWS) > 0, 5, 2),
    }
    pq.write_table(pa.table(log), path)


def bring_counts_online(repo: Path, log: Path) -> None:
    """Bring the view ``item_counts`` online: what the log says of each item, in plain Feast."""
    table = pq.read_table(log).group_by("item_id").aggregate([("rating", "count"), ("rating", "mean")])
    counts = pa.table(
        {
            "item_id": table["item_id"],
            "events": table["rating_count"],
            "mean": table["rating_mean"].cast(pa.float32()),
            "event_timestamp": pa.array([T0 + 21 * DAY] * len(table), US),
        }
    )
    pq.write_table(counts, repo / "data" / "item_counts.parquet")
    source = FileSource(path=str(repo / "data" / "item_counts.parquet"), timestamp_field="event_timestamp")
    item = Entity(name="item", join_keys=["item_id"], value_type=ValueType.INT64)
    schema = [Field(name="events", dtype=Int64), Field(name="mean", dtype=Float32)]
    # the tag makes our stores hold it as columns, as they hold vectors
    view = FeatureView(
        name="item_counts", entities=[item], schema=schema, source=source, tags=marks({"space": "counts"})
    )
    store = FeatureStore(repo_path=str(repo))
    store.apply([view])
    store.materialize(T0, T0 + 22 * DAY, ["item_counts"])


def plain_fields(family: str) -> list[AnyField]:
    """Return the fields of ids, counts, a family's vectors of both sides and how alike they are."""
    user, item = (f"{family}_{side}_vector__vector" for side in SIDES)
    fields: list[AnyField] = [
        CategorySpec(name=f"{side}_id", side=side, column=f"{side}_id", identity=True) for side in SIDES
    ]
    for side in SIDES:
        fields += [
            NumberSpec(name=f"{side}_events", column=f"{side}_events", transform="log1p"),
            NumberSpec(name=f"{side}_mean", column=f"{side}_mean"),
            VectorSpec(
                name=f"{side}_vector", group="dense", side=side, column=f"{family}_{side}_vector__vector"
            ),
        ]
    fields += [
        SimilaritySpec(name=name, group="dense", measure=name, user=user, item=item)
        for name in ("dot", "cosine")
    ]
    return fields


def train_bundle(root: Path, repo: Path, family: str = FAMILY, fresh: Sequence[FreshSeries] = ()) -> None:
    """Train DCN-V2 on what the repository says of the log, and export it to ``bundle``.

    Args:
        root: folder of the log and of the bundle.
        repo: where a run of the family is published.
        family: whose vectors are read.
        fresh: what makes fresh figures, which are read beside them.
    """
    task = Task(log=root / "log.parquet", label=LabelRule(column="rating", at_least=4))
    labels, runs = load_labels(task), list_published(repo)
    features = historical(repo, entity_frame(task, labels), [f"{family}_{side}_vector" for side in SIDES])
    log = Log.of(labels)
    specs = FreshColumns(fresh, task, log, first=len(log)).specs()
    spec = RankerSpec(fields=(*plain_fields(family), *specs))
    dataset = build_dataset(task, log, features, [run.as_of for run in runs], spec=spec, fresh=fresh)
    train, validation = (dataset.inputs.take(dataset.parts[part]) for part in ("train", "validation"))
    fitted = DCNv2(rank=16, training=RankerTraining(epochs=2)).fit(train, validation, 0)
    export_bundle(
        root / "bundle", fitted, dataset.encoders, published=runs,
        data_fingerprint=train.fingerprint(), metrics={},
        calibration=fit_isotonic(validation.label, fitted.predict(validation)), fresh=fresh,
    )  # fmt: skip
