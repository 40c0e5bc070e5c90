"""A bundle with a field of every kind, and a Feast repository whose own views give some of its columns."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Array, Float32, Int64, String

from embedding_features.store import list_published
from ranking.bundle import export_bundle
from ranking.dataset.dataset import label_values, training_rows
from ranking.encoders import fit_encoders
from ranking.inputs.field_specs import (
    BagSpec,
    CategorySpec,
    HashCoding,
    HistorySpec,
    NumberSpec,
    SimilaritySpec,
    TokensSpec,
    VectorSpec,
    VocabularyCoding,
)
from ranking.inputs.spec import RankerSpec
from tests.store.builders import DAY, T0, US, ids_of
from tests.store.bundle_world import RANKERS

USER, ITEM = "spectral_user_vector__vector", "spectral_item_vector__vector"
SPEC = RankerSpec(
    fields=(
        CategorySpec(name="user_id", side="user", column="user_id", identity=True, keys=True),
        CategorySpec(name="item_id", side="item", column="item_id", identity=True),
        CategorySpec(name="country", side="user", column="user_country", coding=HashCoding(buckets=50)),
        CategorySpec(name="premium", side="user", column="user_premium"),
        CategorySpec(name="size", side="item", column="item_size", default=7),
        NumberSpec(name="age", column="user_age", default=30),
        NumberSpec(name="events", column="user_events", transform="log1p"),
        NumberSpec(name="met", column="met"),
        BagSpec(
            name="genres",
            side="item",
            column="item_genres",
            weights="item_genre_weights",
            coding=VocabularyCoding(min_count=1, unknown=3),
        ),
        BagSpec(name="likes", side="user", column="user_likes"),
        TokensSpec(name="rq", group="tokens", side="item", column="spectral_item_tokens__rq_tokens"),
        VectorSpec(name="spectral_item_vector", group="dense", side="item", column=ITEM),
        VectorSpec(name="mood", group="dense", side="user", column="user_mood"),
        SimilaritySpec(name="cosine", group="dense", measure="cosine", user=USER, item=ITEM),
        HistorySpec(name="history", column="user_history", length=4),
        HistorySpec(
            name="seen", group="dense", column="user_history", vectors="user_history_vectors",
            candidate="spectral_item_vector", length=3,
        ),
    )
)  # fmt: skip


def raw_columns(world):
    """The world's raw table with columns of every kind beside it, that are told apart by the label."""
    rng, n, label = np.random.default_rng(5), len(world.raw), label_values(world.labels)
    words = np.array(["drama", "noir", "war", "folk"])
    lists = [words[rng.permutation(4)[: rng.integers(0, 4)]].tolist() for _ in range(n)]
    more = {
        "user_country": pa.array(rng.choice(["NL", "DE", "é"], n)),
        "user_premium": pa.array(rng.random(n) < 0.3 + 0.3 * label),
        "item_size": pa.array(rng.integers(0, 9, n), mask=rng.random(n) < 0.2),
        "user_age": pa.array(rng.uniform(10, 90, n).astype(np.float32), mask=rng.random(n) < 0.2),
        "met": pa.array((rng.random(n) + label).astype(np.float32)),
        "item_genres": pa.array(lists, pa.list_(pa.string())),
        "item_genre_weights": pa.array(
            [rng.random(len(one)).tolist() for one in lists], pa.list_(pa.float32())
        ),
        "user_likes": pa.array([rng.integers(0, 6, 2).tolist() for _ in range(n)], pa.list_(pa.int64())),
        "user_mood": pa.array(
            list(rng.standard_normal((n, 3)).astype(np.float32)), pa.list_(pa.float32(), 3)
        ),
        "user_history_vectors": world.raw["user_history_spectral_item_vector"],
    }
    table = world.raw
    for name, column in more.items():
        table = table.append_column(name, column)
    return table


def export_kinds(world, folder, kind="wide_deep"):
    """A ranker with a field of every kind, written to a folder."""
    raw, train = raw_columns(world), training_rows(world.labels)
    encoders = fit_encoders(SPEC, raw, train)
    inputs = encoders.encode(raw, label_values(world.labels))
    parts = (inputs.take(world.dataset.parts[part]) for part in ("train", "validation"))
    fitted = RANKERS[kind].fit(*parts, 0)
    return export_bundle(
        folder, fitted, encoders, published=list_published(world.repo), data_fingerprint="f", metrics={}
    )


def add_views(repo):
    """Views that are the repository's own: of users, of items, and of both."""
    rng, users, items = np.random.default_rng(6), ids_of("user", 19), ids_of("item", 28)
    at = {"event_timestamp": pa.array([T0 + 20 * DAY] * 28, US)}
    tables = {
        "user_stats": {
            "user_id": users,
            "events": pa.array(rng.integers(1, 99, 19)),
            "country": pa.array(rng.choice(["NL", "DE"], 19)),
            "last": pa.array([items[i : i + 3].to_pylist() for i in range(19)], pa.list_(pa.int64())),
        },
        "item_stats": {
            "item_id": items,
            "genres": pa.array([["noir", "war"][: i % 3] for i in range(28)], pa.list_(pa.string())),
            "weights": pa.array([[0.25, 0.5][: i % 3] for i in range(28)], pa.list_(pa.float32())),
        },
        "pair_stats": {
            "user_id": pa.array([users[0].as_py()] * 28),
            "item_id": items,
            "met": pa.array(rng.random(28).astype(np.float32)),
        },
    }
    types = {
        "events": Int64, "country": String, "last": Array(Int64), "genres": Array(String),
        "weights": Array(Float32), "met": Float32,
    }  # fmt: skip
    store = FeatureStore(repo_path=str(repo))
    entities = {
        f"{t}_id": Entity(name=t, join_keys=[f"{t}_id"], value_type=ValueType.INT64) for t in ("user", "item")
    }
    for name, columns in tables.items():
        path = repo / "data" / f"{name}.parquet"
        count = len(next(iter(columns.values())))
        pq.write_table(pa.table(columns | {key: column[:count] for key, column in at.items()}), path)
        view = FeatureView(
            name=name,
            entities=[entities[key] for key in columns if key in entities],
            schema=[Field(name=c, dtype=types[c]) for c in columns if c in types],
            source=FileSource(name=name, path=str(path), timestamp_field="event_timestamp"),
            ttl=timedelta(0),
        )
        store.apply([view])
    store.materialize(T0, T0 + 21 * DAY, list(tables))
    return {name: pa.table(columns) for name, columns in tables.items()}
