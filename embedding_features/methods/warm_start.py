"""Warm starts: training that begins with the vectors of an earlier graph."""

import numpy as np
import torch

from embedding_features.arrays import I64
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.encoders.base import BipartiteEncoder
from embedding_features.errors import CompatibilityError
from embedding_features.graph.graph import Graph
from embedding_features.graph.vocabulary import Vocabulary
from embedding_features.training.rows import ActiveRows


def warm_start(encoder: BipartiteEncoder, init: Embeddings, graph: Graph, active: ActiveRows) -> None:
    """Copy the rows of ``init`` into the parameters of ``encoder``, matched by id; other rows stay.

    Copied are the parameters of the encoder that ``init`` was made by where it is of the same kind, else the
    vectors of its tables.

    Args:
        encoder: the network to start; changed in place.
        init: embeddings of the earlier graph.
        graph: the graph to learn from now.
        active: the vocabulary rows that the encoder has parameters for.

    Raises:
        CompatibilityError: when ``init`` has another dim, lacks a node type, or its ids are of another type.
    """
    if init.dim != encoder.settings.dim:
        raise CompatibilityError(
            f"init has dim {init.dim}, the method {encoder.settings.dim}",
            fix=f"set dim: {init.dim}, or start without init",
        )
    same = init.encoder if isinstance(init.encoder, type(encoder)) else None
    sides = (("src", encoder.src, active.src), ("dst", encoder.dst, active.dst))
    for node_type, (side, parameter, rows) in zip(encoder.node_types, sides, strict=True):
        if node_type not in init.tables:
            raise CompatibilityError(
                f"init has no {node_type!r} vectors, only {sorted(init.tables)}",
                fix="start from embeddings of the same relation, or without init",
            )
        table = init.tables[node_type]
        source = torch.from_numpy(table.vectors) if same is None else getattr(same, side).detach()
        before = _rows_before(graph.vocabularies[node_type], Vocabulary(table.ids), rows, node_type)
        found = np.flatnonzero(before >= 0)
        with torch.no_grad():
            parameter[torch.from_numpy(found)] = source[torch.from_numpy(before[found])]


def _rows_before(now: Vocabulary, before: Vocabulary, rows: I64, node_type: str) -> I64:
    """Return the row in ``before`` of each of ``rows`` of ``now``, -1 where the node is new.

    Raises:
        CompatibilityError: when the two vocabularies have ids of different types.
    """
    if now.is_string != before.is_string:
        raise CompatibilityError(
            f"init has {node_type} ids of type {before.ids.type}, the graph {now.ids.type}",
            fix="start without init",
        )
    return before.encode(now.decode(rows))
