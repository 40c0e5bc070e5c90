"""Small snapshots with random values, written by the real writer, and repositories to publish them into."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from embedding_features.artifact import (
    Alignment,
    CodebookRecord,
    Embeddings,
    EmbeddingTable,
    Kind,
    Provenance,
    Snapshot,
    Space,
    write_snapshot,
)
from embedding_features.files import sha256_file
from embedding_features.space import check_health
from tests.paths import ROOT

DAY = timedelta(days=1)
T0 = datetime(2024, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
US = pa.timestamp("us", tz="UTC")
FEATURE_REPO = ROOT / "feature_repo"


def ids_of(node_type: str, count: int, id_type: str = "int64") -> pa.Array:
    """The first ids of a type; the int64 ones lie beyond 2^53, where a float would round them."""
    if id_type == "string":
        return pa.array([f"{node_type}'{i}é" for i in range(count)])
    return pa.array(np.arange(count, dtype=np.int64) * 3 + 2**60 + 1)


@dataclass(frozen=True)
class Book:
    """A codebook that is one file."""

    record: CodebookRecord

    def save(self, folder: Path) -> None:
        (folder / f"{self.record.node_type}_{self.record.column}.json").write_text(self.record.id)


@dataclass(frozen=True)
class Derived:
    """What the writer wants of features."""

    embeddings: Embeddings
    space: Space
    tables: Mapping[tuple[str, Kind], pa.Table]
    codebooks: Sequence[Book]
    recipe: Mapping[str, Any]


def derived_tables(
    node_type: str, ids: pa.Array, rng: np.random.Generator
) -> dict[tuple[str, Kind], pa.Table]:
    """Random clusters, tokens and neighbours."""
    n, key = len(ids), f"{node_type}_id"

    def ints(width: int) -> pa.Array:
        return pa.array(list(rng.integers(0, 2**40, (n, width))), pa.list_(pa.int64()))

    def floats(width: int) -> pa.Array:
        return pa.array(list(rng.random((n, width), np.float32)), pa.list_(pa.float32()))

    near = pa.array([ids.take(rng.integers(0, n, 5)).to_pylist() for _ in range(n)], pa.list_(ids.type))
    return {
        (node_type, "clusters"): pa.table({key: ids, "cluster_ids": ints(3), "cluster_weights": floats(3)}),
        (node_type, "tokens"): pa.table({key: ids, "pq_tokens": ints(4), "rq_tokens": ints(2)}),
        (node_type, "neighbours"): pa.table({key: ids, "neighbour_ids": near, "neighbour_scores": floats(5)}),
    }


def healthy_vectors(n: int, dim: int, rng: np.random.Generator) -> np.ndarray:
    """[n, dim] float32 of random directions and norms near 1: the gate lets them pass."""
    raw = rng.standard_normal((n, dim))
    norms = np.linalg.norm(raw, axis=1, keepdims=True) * rng.uniform(0.9, 1.1, (n, 1))
    return (raw / norms).astype(np.float32)


def snapshot(
    root: Path,
    days: float = 0,
    *,
    space: int = 1,
    family: str = "spectral",
    id_type: str = "int64",
    dim: int = 4,
    counts: tuple[int, int] = (20, 30),
    types: tuple[str, str] = ("user", "item"),
    seed: int = 0,
    books: str = "b",
    last_edge: timedelta | None = timedelta(0),
    change: Callable[[dict[str, Any]], None] | None = None,
) -> Snapshot:
    """Write a snapshot of ``T0 + days`` below ``root``.

    Args:
        books: prefix of the codebook ids, which name the space, too.
        last_edge: its last edge, relative to as_of; None for a relation without time.
        change: alters the manifest's JSON afterwards.
    """
    as_of, rng = T0 + days * DAY, np.random.default_rng([seed, int(days * 100), space])
    ids = {t: ids_of(t, n, id_type) for t, n in zip(types, counts, strict=True)}
    vectors = {t: EmbeddingTable(t, i, healthy_vectors(len(i), dim, rng), len(i)) for t, i in ids.items()}
    edge = None if last_edge is None else as_of + last_edge
    made = Provenance(family, {"seed": seed}, "dot", "dot", as_of, seed, "0" * 8, {"likes": (5, edge, edge)})
    embeddings = Embeddings(vectors, made)
    place = Space.of(embeddings).model_copy(update={"version": space})
    content = Derived(
        embeddings,
        place,
        {key: table for t, i in ids.items() for key, table in derived_tables(t, i, rng).items()},
        [
            Book(CodebookRecord(id=f"{books}.{place.id}.{t}.{c}", kind=k, node_type=t, column=c, spec={}))
            for t in ids
            for k, c in (("clusters", "cluster_ids"), ("tokens", "pq_tokens"), ("tokens", "rq_tokens"))
        ],
        {"space": space, "books": books},
    )
    alignment = Alignment(parent_run_id="before", shared_nodes=50, residual=0.1)
    health = check_health(embeddings).figures
    written = write_snapshot(content, root, alignment=alignment, health=health)
    return edited(written, change) if change else written


def edited(written: Snapshot, change: Callable[[dict[str, Any]], None]) -> Snapshot:
    """A snapshot whose manifest someone changed."""
    path = written.folder / "manifest.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    return Snapshot.open(written.folder, verify=False)


def with_table(written: Snapshot, name: str, change: Callable[[pa.Table], pa.Table]) -> Snapshot:
    """A snapshot with another table of this file name, and a manifest that knows its checksum."""
    path = written.folder / name
    table = change(pq.read_table(path))
    pq.write_table(table, path)
    return edited(written, lambda data: data["files"].update({name: sha256_file(path)}))


def make_repo(path: Path, stock: bool = False, redis: str = "") -> Path:
    """A copy of the project's Feast repository, without data.

    Args:
        stock: over Feast's own stores.
        redis: address of a server for our online store there.
    """
    shutil.copytree(FEATURE_REPO, path, ignore=shutil.ignore_patterns("data", "__pycache__"))
    settings = yaml.safe_load((path / "feature_store.yaml").read_text())
    if redis:
        store = "embedding_features.store.online_stores.redis.RedisEmbeddingOnlineStore"
        settings["online_store"] = {"type": store, "connection_string": redis}
        (path / "feature_store.yaml").write_text(yaml.safe_dump(settings))
    if stock:
        del settings["batch_engine"]
        settings["offline_store"] = {"type": "duckdb"}
        sqlite = "feast.infra.online_stores.sqlite.SqliteOnlineStore"
        settings["online_store"] = {"type": sqlite, "path": "data/online_store.db"}
        (path / "feature_store.yaml").write_text(yaml.safe_dump(settings))
    return path


def frame(rows: Sequence[tuple[int, int, float]], id_type: str = "int64") -> pa.Table:
    """Labels: (number of the user, of the item, days after T0); a number beyond the snapshot is unknown."""
    users, items, days = zip(*rows, strict=True)
    return pa.table(
        {
            "user_id": ids_of("user", 1 + max(users), id_type).take(pa.array(users)),
            "item_id": ids_of("item", 1 + max(items), id_type).take(pa.array(items)),
            "event_timestamp": pa.array([T0 + d * DAY for d in days], US),
            "label": pa.array(range(len(rows))),
        }
    )


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
