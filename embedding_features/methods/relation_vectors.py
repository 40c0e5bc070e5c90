"""The vectors of relations: published as a table of their own, and started from an earlier fit's."""

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from embedding_features.artifact.embeddings import RELATION, Embeddings, EmbeddingTable
from embedding_features.errors import ConfigError
from embedding_features.graph.view import GraphView
from embedding_features.ids import RowsById
from embedding_features.scorers.base import Compare
from embedding_features.scorers.relations import RelationCompare


def relation_names(view: GraphView) -> pa.Array:
    """Return the ids of relations, then, with ``~`` in front, of their reciprocals."""
    return pa.array([*view.relations, *(f"~{name}" for name in view.relations)])


def relation_table(compare: Compare, view: GraphView, rotation: Tensor) -> EmbeddingTable | None:
    """Return the table of the relations' vectors; None of a scorer without any.

    Args:
        compare: the scorer.
        view: names the relations.
        rotation: [dim, dim] of the nodes' vectors before they are published.

    Raises:
        ConfigError: when a node type has the name of the table.
    """
    if not isinstance(compare, RelationCompare):
        return None
    if RELATION in view.nodes:
        raise ConfigError(
            f"a node type is named {RELATION!r}, as the table of the vectors of relations is",
            fix="give the node type another name in the graph's schema",
        )
    names = relation_names(view)
    compare = compare.rotated(rotation) or compare  # a space of one that follows none is never rotated
    vectors = compare.relation_vectors().detach().numpy().astype(np.float32)
    return EmbeddingTable(RELATION, names, np.ascontiguousarray(vectors), len(names))


def start_relations(
    compare: Compare, init: Embeddings, view: GraphView, rotation: Tensor, *, freeze: bool
) -> None:
    """Copy an earlier fit's vectors of relations, matched by name; others stay as they are.

    Args:
        compare: to start; changed in place.
        init: the earlier fit; one without vectors of relations starts nothing.
        view: what is learned from now.
        rotation: as of :func:`relation_table`.
        freeze: whether the relations' vectors stay as they were; new ones too keep what they start from.

    Raises:
        ConfigError: when vectors are to be frozen of a scorer that has none.
    """
    if not isinstance(compare, RelationCompare):
        if freeze:
            raise ConfigError(
                f"freeze of {RELATION}: the scorer has no vectors of relations", fix="leave it out"
            )
        return
    if RELATION in init.tables:
        table = init.tables[RELATION]
        rows = RowsById(table.ids).find(relation_names(view))
        known = np.flatnonzero(rows >= 0)
        before = compare.start_from(torch.from_numpy(table.vectors[rows[known]]) @ rotation.T)
        with torch.no_grad():
            compare.relations[torch.from_numpy(known)] = before
    compare.relations.requires_grad_(not freeze)
