"""Raw rows with a column of each kind, and a field of each kind over them."""

import numpy as np
import pyarrow as pa

from ranking.inputs.field_specs import (
    AnyField,
    BagSpec,
    CategorySpec,
    HashCoding,
    HistorySpec,
    NumberSpec,
    SharedCoding,
    SimilaritySpec,
    TokensSpec,
    VectorSpec,
    VocabularyCoding,
)

DIM = 3
VECTOR = pa.list_(pa.float32(), DIM)
ITEM = CategorySpec(name="item_id", side="item", column="item_id", identity=True, keys=True)

FIELDS: dict[str, AnyField] = {
    "dense": NumberSpec(name="age", column="age"),
    "dense, counts": NumberSpec(name="age", column="age", transform="log1p", default=0.0),
    "categorical": CategorySpec(name="group", side="user", column="group"),
    "categorical, hashed": CategorySpec(
        name="group", side="user", column="group", coding=HashCoding(buckets=7), default="none"
    ),
    "categorical, buckets": CategorySpec(
        name="item", side="item", column="item_id", coding=VocabularyCoding(min_count=3, unknown=4)
    ),
    "categorical, shared": CategorySpec(
        name="item_again", side="item", column="item_id", coding=SharedCoding(of="item_id")
    ),
    "multivalued": BagSpec(name="genres", side="item", column="genres"),
    "multivalued, weighted": BagSpec(
        name="near", side="item", column="near", weights="nearness", width=2, coding=HashCoding(buckets=50)
    ),
    "tokens": TokensSpec(name="rq", group="tokens", side="item", column="rq"),
    "vector": VectorSpec(name="item_vector", group="dense", side="item", column="item_vector"),
    "similarity": SimilaritySpec(
        name="cosine", group="dense", measure="cosine", user="user_vector", item="item_vector"
    ),
    "sequence": HistorySpec(name="history", column="history", length=3),
    "sequence, vectors": HistorySpec(
        name="history", group="dense", column="history", vectors="history_vectors", length=3
    ),
}


def some(rng: np.random.Generator, values: list, share: float = 0.85) -> list:
    """Some of them null."""
    return [value if rng.random() < share else None for value in values]


def raw_rows(n: int, seed: int = 0) -> pa.Table:
    """Random rows; ids of items from 0 to 19, each with one vector."""
    rng = np.random.default_rng(seed)
    of_item = np.random.default_rng(9).normal(size=(20, DIM)).astype(np.float32)
    items = rng.integers(0, 20, n)
    lists = [rng.integers(0, 20, k).tolist() for k in rng.integers(0, 6, n)]
    histories = some(rng, [rng.integers(0, 20, k).tolist() for k in rng.integers(0, 6, n)])
    history_vectors = [h if h is None else some(rng, of_item[h].tolist(), 0.7) for h in histories]
    return pa.table(
        {
            "age": pa.array(some(rng, rng.integers(0, 90, n).tolist()), pa.int32()),
            "group": pa.array(some(rng, [f"g{k}" for k in rng.integers(0, 5, n)])),
            "item_id": items,
            "genres": pa.array(
                some(rng, [[f"x{k}" for k in rng.integers(0, 6, m)] for m in rng.integers(0, 4, n)])
            ),
            "near": pa.array(lists, pa.list_(pa.int64())),
            "nearness": pa.array([rng.normal(0.5, 0.5, len(a)).tolist() for a in lists]),
            "rq": pa.array(some(rng, rng.integers(0, 4, (n, 2)).tolist()), pa.list_(pa.int64())),
            "user_vector": pa.array(some(rng, rng.normal(size=(n, DIM)).tolist()), VECTOR),
            "item_vector": pa.array(some(rng, of_item[items].tolist()), VECTOR),
            "history": pa.array(histories, pa.list_(pa.int64())),
            "history_vectors": pa.array(history_vectors, pa.list_(VECTOR)),
        }
    )
