"""Queries by a relation, made again from published vectors of nodes and relations."""

import numpy as np
import pyarrow as pa
import torch

from embedding_features.arrays import F32
from embedding_features.artifact.embeddings import RELATION, Embeddings
from embedding_features.errors import DataError
from embedding_features.ids import RowsById
from embedding_features.scorers.relations import RelationCompare, RelationScorer


def relation_queries(embeddings: Embeddings, relation: str, sources: F32) -> F32:
    """Return the queries that targets of a relation are compared with, such as s + r for TransE.

    A query is compared with targets by ``embeddings.provenance.metric``: the scorer's own metric, or, of a
    scorer by L1 or by moduli, the Euclidean distance that indexes search by.

    Args:
        embeddings: of a method that publishes the vectors of relations.
        relation: its name; ``~name`` asks for the sources of a target.
        sources: [n, dim] float32 published vectors.

    Returns:
        [n, dim] float32.

    Raises:
        DataError: when there are no vectors of relations, or none of this one.
    """
    row = _row(embeddings, relation)
    compare = _compare(embeddings)
    with torch.no_grad():
        queries = compare.query(torch.from_numpy(sources), torch.full((len(sources),), row))
    return np.ascontiguousarray(queries.numpy())


def _row(embeddings: Embeddings, relation: str) -> int:
    if RELATION not in embeddings.tables:
        raise DataError(
            f"no vectors of relations, only of {', '.join(sorted(embeddings.tables))}",
            fix="compare the vectors of nodes themselves",
        )
    ids = embeddings.tables[RELATION].ids
    row = int(RowsById(ids).find(pa.array([relation]))[0])
    if row < 0:
        raise DataError(
            f"no vector of relation {relation!r}", fix=f"name one of {', '.join(ids.to_pylist())}"
        )
    return row


def _compare(embeddings: Embeddings) -> RelationCompare:
    """Return the first task's scorer with the published vectors of relations."""
    vectors = torch.from_numpy(embeddings.tables[RELATION].vectors)
    settings = RelationScorer.model_validate(embeddings.provenance.config["tasks"][0]["scorer"])
    compare = settings.build(len(vectors), embeddings.dim, torch.Generator())
    with torch.no_grad():
        compare.relations.copy_(compare.start_from(vectors))
    return compare
