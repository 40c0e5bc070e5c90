"""Queries by a relation, made again from published vectors of nodes and relations."""

import numpy as np
import pyarrow as pa
import torch

from embedding_features.arrays import F32
from embedding_features.artifact.embeddings import RELATION, Embeddings
from embedding_features.errors import DataError
from embedding_features.ids import RowsById
from embedding_features.scorers.relations import RelationCompare, RelationScorer


def published_scorer(embeddings: Embeddings) -> RelationCompare:
    """Return the scorer of the first task, with the published vectors of relations.

    Its relations are numbered as the rows of their table: the view's, then their reciprocals.

    Raises:
        DataError: when there are no vectors of relations.
    """
    if RELATION not in embeddings.tables:
        raise DataError(
            f"no vectors of relations, only of {', '.join(sorted(embeddings.tables))}",
            fix="compare the vectors of nodes themselves",
        )
    vectors = torch.from_numpy(embeddings.tables[RELATION].vectors)
    settings = RelationScorer.model_validate(embeddings.provenance.config["tasks"][0]["scorer"])
    compare = settings.build(len(vectors), embeddings.dim, torch.Generator())
    with torch.no_grad():
        compare.relations.copy_(compare.start_from(vectors))
    return compare


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
    compare = published_scorer(embeddings)
    row = _row(embeddings.tables[RELATION].ids, relation)
    with torch.no_grad():
        queries = compare.query(torch.from_numpy(sources), torch.full((len(sources),), row))
    return np.ascontiguousarray(queries.numpy())


def _row(names: pa.Array, relation: str) -> int:
    row = int(RowsById(names).find(pa.array([relation]))[0])
    if row < 0:
        raise DataError(
            f"no vector of relation {relation!r}", fix=f"name one of {', '.join(names.to_pylist())}"
        )
    return row
