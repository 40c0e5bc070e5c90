"""A graph, a snapshot of each kind of encoder over it, and rows that its nodes and strangers are in."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from embedding_features.artifact import Snapshot, write_snapshot
from embedding_features.graph import Graph
from embedding_features.methods import make
from ranking.inputs.fields import Bag, Category, Number, Vector
from ranking.inputs.inputs import Inputs
from ranking.models.training import RankerTraining

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
METHODS = {
    "lookup": "mf_bpr",
    "light_propagation": "lightgcn",
    "contrasted_propagation": "xsimgcl",
    "importance_pooling": "pinsage",
    "ngcf": "ngcf",
    "nia": "nia_gcn",
    "variational_autoencoder": "mult_vae",
    "neural_factorization": "neumf",
    "self_attention": "sasrec",
    "two_towers": "two_tower",
    "dgi": "dgi",
    "gat": "gat",
    "gcn": "gcn",
    "graphsage": "graphsage",
    "r_gcn": "r_gcn",
    "sign": "sign",
}
QUICK = RankerTraining(epochs=3, batch_rows=128)
USERS, ITEMS, DIM = 30, 20, 6


def edges(seed: int = 0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, USERS, 150) + 100, rng.integers(0, ITEMS, 150)


def graph_of(src, dst) -> Graph:
    time = np.arange(len(src), dtype=np.int64)
    return Graph.from_arrays(AS_OF, {("user", "saw", "item"): (np.asarray(src), np.asarray(dst), time)})


def make_snapshot(root: Path, kind: str) -> Snapshot:
    """Of a method that trains an encoder of this kind for a moment."""
    method = make(METHODS[kind], dim=DIM, epochs=2, batch_size=64)
    return write_snapshot(method.fit(graph_of(*edges()), seed=0), root)


def rows_of(snapshot: Snapshot, n: int, seed: int) -> Inputs:
    """Users 95 … 139 and items 0 … 24, of whom not all are nodes; vectors as the snapshot has them."""
    rng = np.random.default_rng(seed)
    ids = {"user": rng.integers(95, 140, n), "item": rng.integers(0, 25, n)}
    label = ((ids["user"] + ids["item"]) % 3 == 0).astype(np.float32)
    fields: list = [Number("number", "base", rng.normal(size=n).astype(np.float32))]
    for side, own in ids.items():
        codes = (own - own.min() + 1).astype(np.int32)
        fields.append(
            Category(
                f"{side}_id", "base", side, f"{side}_id", codes, 60, identity=True, key=own.astype(np.int64)
            )
        )
        table = snapshot.vectors(side)
        of_id = {one: row + 1 for row, one in enumerate(table.ids.to_pylist())}
        rows = np.array([of_id.get(int(one), 0) for one in own], np.int32)
        padded = np.concatenate([np.zeros((1, DIM), np.float32), table.vectors])
        fields.append(Vector(f"{side}_vector", "dense", side, rows, padded))
        weights = np.tile(np.array([0.5, 0.5], np.float32), (n, 1))
        bag = np.stack([codes % 5 + 1, codes % 3 + 1], 1).astype(np.int32)
        fields.append(Bag(f"{side}_bag", "base", side, f"{side}_bag", bag, weights, 7))
    return Inputs(label, tuple(fields))
