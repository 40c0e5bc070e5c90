"""Scores of given pairs, by the network that scores them or by the metric of their vectors."""

from itertools import accumulate

import numpy as np
import pyarrow as pa
import torch

from embedding_features.arrays import F32, I64
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.artifact.metric import row_scores
from embedding_features.encoders.pairwise import PairwiseNetwork
from embedding_features.errors import DataError
from embedding_features.ids import RowsById

#: pairs that are scored at a time
_BLOCK = 1 << 17


def pair_scores(embeddings: Embeddings, ends: tuple[str, str], src: pa.Array, dst: pa.Array) -> F32:
    """Return the [n] float32 scores of pairs, the higher the more likely; −∞ where a node has no vector.

    Args:
        embeddings: of a method whose network scores pairs, such as ``neumf``, or of any other.
        ends: node types of sources and destinations.
        src: [n] ids of sources.
        dst: [n] ids of destinations.

    Raises:
        DataError: when there are no vectors of a node type.
    """
    for node_type in ends:
        if node_type not in embeddings.tables:
            raise DataError(f"no vectors of {node_type}", fix=f"name two of {', '.join(embeddings.tables)}")
    tables = [embeddings.tables[node_type] for node_type in ends]
    rows = [RowsById(table.ids).find(ids) for table, ids in zip(tables, (src, dst), strict=True)]
    scores = np.full(len(src), -np.inf, np.float32)
    known = np.flatnonzero((rows[0] >= 0) & (rows[1] >= 0))
    for start in range(0, len(known), _BLOCK):
        of = known[start : start + _BLOCK]
        scores[of] = _known_scores(embeddings, ends, rows[0][of], rows[1][of])
    return scores


def _known_scores(embeddings: Embeddings, ends: tuple[str, str], src: I64, dst: I64) -> F32:
    """Return the scores of pairs of rows of two tables."""
    if isinstance(embeddings.encoder, PairwiseNetwork):
        return _by_network(embeddings.encoder, ends, src, dst)
    left, right = (embeddings.tables[t].vectors[r] for t, r in zip(ends, (src, dst), strict=True))
    return row_scores(left, right, embeddings.provenance.metric)


def _by_network(network: PairwiseNetwork, ends: tuple[str, str], src: I64, dst: I64) -> F32:
    """Return the scores that a network gives pairs, with nothing left out as in training."""
    starts = dict(zip(network.counts, accumulate(network.counts.values(), initial=0), strict=False))
    rows = [torch.from_numpy(r + starts[t]) for t, r in zip(ends, (src, dst), strict=True)]
    trained = network.training
    with torch.no_grad():
        scores: F32 = network.eval().scores(*rows).numpy()
    network.train(trained)
    return scores
