"""The tables of a schema: one for each index, and one that says which of them are in use.

An index is ``(row integer, id bigint or text, vector vector(dim))``; ``indexes`` holds its manifest. All of a
publication is one transaction: readers, and whoever comes after a killed writer, see all of it or nothing.
"""

import uuid
from collections.abc import Iterator

import numpy as np
from psycopg import sql

from embedding_features.arrays import F32
from embedding_features.artifact import Metric
from embedding_features.errors import ConfigError
from embedding_features.progress import Progress
from embedding_features.recall.manifest import IndexManifest
from embedding_features.recall.pgvector.connections import Connection
from embedding_features.recall.settings import HNSW, Exact, RecallSettings
from embedding_features.recall.source import VectorSource

#: metric → operator of its distance, operator class
OPERATORS: dict[Metric, tuple[str, str]] = {
    "dot": ("<#>", "vector_ip_ops"),
    "cosine": ("<=>", "vector_cosine_ops"),
    "l2": ("<->", "vector_l2_ops"),
}
_MOST_DIMS, _MOST_LINKS, _MOST_CONSTRUCTION = 2000, 100, 1000
_BATCH = 10_000


def check_settings(settings: RecallSettings, dim: int) -> None:
    """Check that pgvector has such an index.

    Raises:
        ConfigError: when it has not.
    """
    if isinstance(settings, Exact):
        return
    if not isinstance(settings, HNSW):
        raise ConfigError(f"pgvector has no index of kind {settings.kind!r}", fix="use HNSW or Exact")
    if dim > _MOST_DIMS:
        raise ConfigError(f"pgvector's HNSW takes {_MOST_DIMS} dimensions, not {dim}", fix="use Exact")
    if settings.links > _MOST_LINKS:
        raise ConfigError(f"links = {settings.links} is above pgvector's {_MOST_LINKS}")
    if not 2 * settings.links <= settings.ef_construction <= _MOST_CONSTRUCTION:
        raise ConfigError(
            f"ef_construction = {settings.ef_construction} is not between twice the links "
            f"({2 * settings.links}) and {_MOST_CONSTRUCTION}, as pgvector wants it"
        )


def prepare(connection: Connection, schema: str) -> None:
    """Create the schema and its list of indexes; until the transaction ends, other writers wait."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"recall {schema}"])
    connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
    connection.execute(
        sql.SQL(
            "CREATE TABLE IF NOT EXISTS {} (name text PRIMARY KEY, node_type text NOT NULL, "
            "manifest jsonb NOT NULL, published timestamptz NOT NULL, current boolean NOT NULL)"
        ).format(sql.Identifier(schema, "indexes"))
    )


def write(connection: Connection, schema: str, source: VectorSource, progress: Progress) -> str:
    """Write a new table with the vectors and their index, and return its name."""
    made, name = source.manifest, f"index_{uuid.uuid4().hex}"
    table, dim = sql.Identifier(schema, name), made.space.dim
    kind = "bigint" if made.id_type == "int64" else "text"
    connection.execute(
        sql.SQL("CREATE TABLE {} (row integer NOT NULL, id {} NOT NULL, vector vector({}) NOT NULL)").format(
            table, sql.SQL(kind), sql.Literal(dim)
        )
    )
    with (
        progress.task("recall index", made.count) as advance,
        connection.cursor().copy(sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(table)) as copy,
    ):
        copy.set_types(["int4", "int8" if kind == "bigint" else "text", "bytea"])
        for start in range(0, made.count, _BATCH):
            ids = source.catalogue.ids.slice(start, _BATCH).to_pylist()
            binary = as_binary(source.vectors[start : start + _BATCH])
            for row, (one, vector) in enumerate(zip(ids, binary, strict=True), start):
                copy.write_row((row, one, vector))
            advance(len(ids))
    connection.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY (row), ADD UNIQUE (id)").format(table))
    if isinstance(made.settings, HNSW):
        _write_graph(connection, table, made, made.settings)
    connection.execute(sql.SQL("ANALYZE {}").format(table))
    return name


def _write_graph(connection: Connection, table: sql.Identifier, made: IndexManifest, settings: HNSW) -> None:
    """Build the HNSW index of a table."""
    # Outside of this memory the build is many times slower; with workers it would have to be shared memory.
    size = made.count * (4 * made.space.dim + 32 * settings.links + 200)
    connection.execute(
        "SELECT set_config('maintenance_work_mem', %s, true), "
        "set_config('max_parallel_maintenance_workers', '0', true)",
        [f"{max(64, min(2 * size >> 20, 2047))}MB"],
    )
    connection.execute(
        sql.SQL("CREATE INDEX ON {} USING hnsw (vector {}) WITH (m = {}, ef_construction = {})").format(
            table,
            sql.SQL(OPERATORS[made.space.metric][1]),
            sql.Literal(settings.links),
            sql.Literal(settings.ef_construction),
        )
    )


def as_binary(vectors: F32) -> Iterator[bytes]:
    """Return [n, d] vectors as pgvector sends and receives them: int16 d, int16 0, d float32, big-endian."""
    packed = np.zeros(len(vectors), [("head", ">i2", 2), ("values", ">f4", vectors.shape[1])])
    packed["head"][:, 0] = vectors.shape[1]
    packed["values"] = vectors
    return (one.tobytes() for one in packed)


def from_binary(values: list[bytes], dim: int) -> F32:
    """Return the [n, dim] float32 vectors that :func:`as_binary` made ``values`` of."""
    packed = np.frombuffer(b"".join(values), [("head", ">i2", 2), ("values", ">f4", dim)])
    return packed["values"].astype(np.float32)
