"""The fingerprint of a graph: equal data have equal ones, whatever the order of the logs."""

import hashlib
from collections.abc import Mapping

import duckdb
import numpy as np
import pyarrow as pa

from embedding_features.graph.relation import Relation
from embedding_features.graph.vocabulary import Vocabulary, hash_strings


def fingerprint(
    vocabularies: Mapping[str, Vocabulary],
    relations: Mapping[str, Relation],
    features: Mapping[str, pa.Table],
) -> str:
    """Return the SHA-256 (hex) of vocabularies, forward CSRs and feature rows, each under its name.

    The reverse direction follows from the forward one. Not part of it: as_of, the order of the logs' rows,
    and what the build dropped.
    """
    digest = hashlib.sha256()
    for node_type, vocabulary in sorted(vocabularies.items()):
        digest.update(repr(("nodes", node_type, len(vocabulary), vocabulary.hash)).encode())
    for name, relation in sorted(relations.items()):
        csr = relation.forward
        digest.update(repr(("relation", name, relation.src, relation.dst, csr.rows, csr.columns)).encode())
        for part, array in (("i", csr.indptr), ("d", csr.indices), ("w", csr.weight), ("t", csr.time)):
            if array is not None:
                digest.update(repr((part, len(array))).encode())
                little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
                digest.update(little.data)
    for node_type, table in sorted(features.items()):
        digest.update(repr(("features", node_type, table.schema.to_string(), _rows_hash(table))).encode())
    return digest.hexdigest()


def _rows_hash(table: pa.Table) -> str:
    """Return the SHA-256 of all rows as JSON. Arrow's own bytes will not do: nulls hide arbitrary values."""
    with duckdb.connect(":memory:") as con:
        con.register("features", table)
        rows = con.sql("SELECT sha256(to_json(features)) AS hash FROM features").to_arrow_table()
    return hash_strings(rows.column("hash").combine_chunks())
