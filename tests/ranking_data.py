"""Small logs and inputs with planted structure, shared by the tests of ranking."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embedding_features.artifact import write_snapshot
from embedding_features.derive import Clusters, ResidualTokens, derive
from embedding_features.fresh import FreshSeries
from embedding_features.graph import Graph
from embedding_features.methods import vbmf, youtube_dnn
from ranking.experiment.arms import select
from ranking.experiment.factors.base import GridContext
from ranking.experiment.variants import Variant
from ranking.inputs.fields import Category, History, Vector
from ranking.inputs.inputs import Inputs
from ranking.task.task import LabelRule, SideSpec, SideTable, Task

MICROS = pa.timestamp("us", tz="UTC")
START = datetime(2026, 1, 1, tzinfo=UTC)


def moment(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def log_table(users, items, hours, ratings) -> pa.Table:
    """A log; hours count from START."""
    times = pa.array([moment(float(h)) for h in hours], MICROS)
    return pa.table({"user_id": users, "item_id": items, "timestamp": times, "rating": ratings})


def label_table(users, items, hours, labels) -> pa.Table:
    """Labels as ``load_labels`` gives them, rows in the order given, all of the training part."""
    n = len(users)
    return pa.table(
        {
            "row": pa.array(range(n), pa.int64()),
            "user_id": pa.array(users),
            "item_id": pa.array(items),
            "timestamp": pa.array([moment(float(h)) for h in hours], MICROS),
            "label": pa.array(labels, pa.float32()),
            "split": ["train"] * n,
        }
    )


def random_log(seed: int, n: int, users: int = 6, items: int = 8, span: int = 40) -> tuple[list, ...]:
    """Sorted events of many equal moments and some repeated pairs: users, items, hours, labels."""
    rng = np.random.default_rng(seed)
    hours = np.sort(rng.integers(0, span, n))
    drawn = rng.integers(0, users, n), rng.integers(0, items, n), hours, rng.integers(0, 2, n)
    return tuple(values.tolist() for values in drawn)


def write_task(folder: Path, log: pa.Table, **settings) -> Task:
    """A task of a log with a users' and an items' table where those are given as tables."""
    pq.write_table(log, folder / "log.parquet")
    return Task(log=folder / "log.parquet", label=LabelRule(column="rating", at_least=4), **settings)


def small_world(folder: Path, n: int = 400, seed: int = 0) -> Task:
    """A log of 12 users and 20 items over 200 hours, with side tables."""
    rng = np.random.default_rng(seed)
    hours = np.sort(rng.uniform(0, 200, n))
    users, items = rng.integers(1, 13, n), rng.integers(1, 21, n)
    log = log_table(users, items, hours, rng.integers(1, 6, n))
    pq.write_table(
        pa.table({"user_id": range(1, 13), "group": ["a", "b", "c"] * 4, "age": range(20, 32)}),
        folder / "users.parquet",
    )
    genres = [[["drama"], ["drama", "war"], ["film noir"], []][i % 4] for i in range(20)]
    pq.write_table(pa.table({"item_id": range(1, 21), "genres": genres}), folder / "items.parquet")
    user = SideTable(
        path=folder / "users.parquet", key="user_id", categorical=("group",), continuous=("age",)
    )
    item = SideTable(path=folder / "items.parquet", key="item_id", multivalued=("genres",))
    return write_task(
        folder,
        log,
        user=SideSpec(node_type="user", column="user_id", table=user),
        item=SideSpec(node_type="item", column="item_id", table=item),
    )


def variant_of(dataset, **settings) -> Inputs:
    """A variant's inputs, of the family that :func:`graph_features` is of."""
    return select(dataset, Variant(**settings), GridContext(("toy",)))[0]


SNAPSHOTS = [moment(50), moment(100), moment(150)]


def graph_features(labels: pa.Table, seed: int = 0, dim: int = 4) -> pa.Table:
    """What a store would answer: of each snapshot random features, null before the first and for item 20."""
    rng = np.random.default_rng(seed)
    hours = [(t.as_py() - START).total_seconds() / 3600 for t in labels["timestamp"]]
    snapshot = [sum(50 * k < h for k in (1, 2, 3)) - 1 for h in hours]
    columns = {}
    for side, count in (("user", 13), ("item", 21)):
        ids = labels[f"{side}_id"].to_pylist()
        known = [s >= 0 and not (side == "item" and i == 20) for s, i in zip(snapshot, ids, strict=True)]

        def column(values, of_type, known=known, ids=ids):
            taken = [
                values[s][i].tolist() if k else None for k, s, i in zip(known, snapshot, ids, strict=True)
            ]
            return pa.array(taken, of_type)

        view = f"toy_{side}"
        order = np.argsort(rng.random((3, count, count - 1)), axis=2) + 1
        columns[f"{view}_vector__vector"] = column(
            rng.normal(size=(3, count, dim)), pa.list_(pa.float32(), dim)
        )
        columns[f"{view}_clusters__cluster_ids"] = column(order[:, :, :2] % 5, pa.list_(pa.int64()))
        weights = np.broadcast_to([0.75, 0.25], (3, count, 2))
        columns[f"{view}_clusters__cluster_weights"] = column(weights, pa.list_(pa.float32()))
        columns[f"{view}_tokens__rq_tokens"] = column(rng.integers(0, 4, (3, count, 2)), pa.list_(pa.int64()))
        columns[f"{view}_neighbours__neighbour_ids"] = column(order[:, :, :4], pa.list_(pa.int64()))
        scores = np.broadcast_to([0.9, 0.8, 0.5, -0.1], (3, count, 4))
        columns[f"{view}_neighbours__neighbour_scores"] = column(scores, pa.list_(pa.float32()))
    return pa.table(columns)


def fresh_series(labels: pa.Table, folder: Path, *recipes: str) -> FreshSeries:
    """What makes fresh figures of users, by snapshots that each have the labels of their very moment."""
    snapshots = []
    for as_of in SNAPSHOTS:
        known = labels.filter(np.array([t <= as_of for t in labels["timestamp"].to_pylist()]))
        edges = {("user", "judged", "item"): (known["user_id"].to_numpy(), known["item_id"].to_numpy())}
        graph = Graph.from_arrays(as_of, edges)
        fitted = vbmf(dim=3, sweeps=2).fit(graph)
        if "encoder" in recipes:
            fitted = replace(fitted, encoder=youtube_dnn(dim=3, widths=(4,), epochs=1).fit(graph).encoder)
        derived = derive(fitted, Clusters(k=3, top_k=1), ResidualTokens(levels=2, codes=3))
        snapshots.append(write_snapshot(derived, folder))
    return FreshSeries.read(snapshots, "user", recipes or ("fold_in",))


def planted_history(rows: int, seed: int, noise: float = 0.1) -> Inputs:
    """The label is whether the candidate's kind is among the kinds of the user's last items, flipped with
    chance ``noise``.

    40 items of 8 kinds, each with a vector near its kind's; histories of none to four items. A quarter of the
    items has no code, a quarter (others) no vector, in candidates and histories alike.
    """
    fixed = np.random.default_rng(7)
    vectors = (np.eye(8)[np.arange(40) % 8] + fixed.normal(0, 0.1, (40, 8))).astype(np.float32)
    table = np.concatenate([np.zeros((1, 8), np.float32), vectors])
    rng = np.random.default_rng(seed)
    candidate, items = rng.integers(0, 40, rows), rng.integers(0, 40, (rows, 4))
    there = np.arange(4) < rng.integers(0, 5, (rows, 1))
    match = ((items % 8 == candidate[:, None] % 8) & there).any(1)
    label = (match ^ (rng.random(rows) < noise)).astype(np.float32)

    def codes(ids):
        return np.where(ids < 10, 0, ids + 1).astype(np.int32)

    def in_table(ids):
        return np.where(ids >= 30, 0, ids + 1).astype(np.int32)

    own, past = codes(candidate), np.where(there, codes(items), 0).astype(np.int32)
    rows_of = np.where(there, in_table(items), 0).astype(np.int32)
    return Inputs(
        label,
        (
            Category("item_id", "base", "item", "item_id", own, 41, identity=True),
            Vector("item_vector", "dense", "item", in_table(candidate), table),
            History("last", "dense", "user", "item_id", past, 41, rows_of, table, "item_vector"),
        ),
    )
