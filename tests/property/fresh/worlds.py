"""Two snapshots of one family with all that recipes read, and random logs of their nodes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import torch

from embedding_features.artifact import Snapshot, write_snapshot
from embedding_features.derive import Clusters, ResidualTokens, derive
from embedding_features.encoders import Network, SelfAttention
from embedding_features.fresh import Events, FreshSeries
from embedding_features.fresh.regression import regress_likes, regress_values
from embedding_features.graph import Relation
from embedding_features.graph.view import GraphView, spans
from tests.unit.derive.made_embeddings import embeddings, table

DAY = 86_400_000_000
USERS, ITEMS = 4, 10
#: ids of each snapshot's items, in the order of its table; 9 is in none
TABLES = ([3, 0, 1, 5, 2, 4, 6], [7, 1, 8, 2, 6, 4, 5, 3])
#: an item of no length, in both
ZERO = 4
START = datetime(2020, 1, 1, tzinfo=UTC)
_FOLDER = TemporaryDirectory()
MOMENTS = (START + timedelta(days=15), START + timedelta(days=40))


@cache
def snapshots() -> list[Snapshot]:
    """Of values 1 to 5, with clusters and residual tokens."""
    root = Path(_FOLDER.name)
    both = zip(TABLES, MOMENTS, strict=True)
    return [_snapshot(root, seed, ids, moment) for seed, (ids, moment) in enumerate(both)]


def _snapshot(root: Path, seed: int, ids: Sequence[int], moment: datetime) -> Snapshot:
    rng = np.random.default_rng(seed)
    users, items = (rng.normal(size=(n, 3)).astype(np.float32) for n in (USERS, len(ids)))
    items[ids.index(ZERO)] = 0
    node, entry = rng.integers(0, USERS, 40), rng.integers(0, len(ids), 40)
    values = regress_values("item", items, users, node, entry, rng.integers(1, 6, 40))
    tables = {"user": table("user", users), "item": table("item", items, ids)}
    made = embeddings(tables, as_of=moment, encoder=_network(len(ids), seed))
    fold_ins = {"user": {"own": regress_likes("item", items, users), "values": values}}
    specs = Clusters(k=3, top_k=2), ResidualTokens(levels=3, codes=3)
    features = derive(replace(made, fold_ins=fold_ins), *specs)
    return write_snapshot(features, root)


def _network(items: int, seed: int) -> Network:
    """A network that hears the order of events and their times."""
    nothing = np.empty(0, np.int64)
    saw = Relation.from_edges("saw", "user", "item", nothing, nothing, (USERS, items), time=nothing)
    view = GraphView(spans({"user": np.arange(USERS), "item": np.arange(items)}), {"saw": saw})
    settings = SelfAttention(dim=3, std=1.0, length=6, blocks=1, times=True)
    network = settings.build(view, torch.Generator().manual_seed(seed))
    network.rotate(np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0].astype(np.float32))
    return network


def series(last: int, *recipes: str, node_type: str = "user") -> FreshSeries:
    return FreshSeries.read(snapshots(), node_type, recipes, last)


def log(seed: int, n: int) -> Events:
    """Few moments, so that many rows are of one, in any order; some users are in no snapshot."""
    rng = np.random.default_rng(seed)
    day = START + timedelta(days=5) * rng.integers(0, 15, n)
    micros = np.array([int(one.timestamp()) * 1_000_000 for one in day], np.int64)
    return Events(
        rng.integers(0, USERS + 1, n), rng.integers(0, ITEMS, n), micros, rng.integers(1, 6, n).astype(float)
    )


def figures(events: Events, recipe: str, last: int = 1000) -> dict[str, np.ndarray]:
    return series(last, recipe).rows(events, pa.array(range(USERS + 1)), pa.array(range(ITEMS)))


def counted(events: Events, row: int, last: int) -> list[int]:
    """The events that count for a row, by plain rules: the last before it, and the last of each pair."""
    mine = np.flatnonzero((events.node == events.node[row]) & (events.time < events.time[row]))
    if len(mine) > last:
        mine = mine[events.time[mine] >= np.sort(events.time[mine])[-last]]
    newest = {}
    for event in sorted(mine.tolist(), key=lambda e: (events.time[e], events.value[e])):
        newest[events.other[event]] = event
    return list(newest.values())
