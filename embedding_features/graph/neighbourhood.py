"""The part of a view around some of its nodes."""

from dataclasses import replace

import numpy as np

from embedding_features.arrays import I64
from embedding_features.graph.csr import CSR
from embedding_features.graph.relation import Relation
from embedding_features.graph.submatrix import take_rows
from embedding_features.graph.view import GraphView, NodeSpan


def within(adjacency: CSR, rows: I64, steps: int) -> I64:
    """Return the rows that at most ``steps`` edges lead to from [n] ``rows``, and these, ascending."""
    found = np.unique(rows)
    newest = found
    for _ in range(steps):
        reached = np.unique(take_rows(adjacency, newest).indices).astype(np.int64)
        newest = np.setdiff1d(reached, found, assume_unique=True)
        found = np.union1d(found, newest)
    return found


def around(view: GraphView, rows: I64) -> GraphView:
    """Return the view of the [n] ``rows`` of a view, ascending, and of the edges between them."""
    inside = {}
    for node_type, span in view.nodes.items():
        first, last = np.searchsorted(rows, (span.start, span.start + len(span.rows)))
        inside[node_type] = rows[first:last] - span.start
    starts = np.cumsum([0, *(len(own) for own in inside.values())])
    nodes = {
        t: NodeSpan(int(start), view.nodes[t].rows[own])
        for (t, own), start in zip(inside.items(), starts, strict=False)
    }
    relations = {name: _between(r, inside[r.src], inside[r.dst]) for name, r in view.relations.items()}
    return replace(view, nodes=nodes, relations=relations)


def _between(relation: Relation, src: I64, dst: I64) -> Relation:
    forward = _kept_columns(take_rows(relation.forward, src), dst)
    return replace(relation, forward=forward, reverse=forward.transposed())


def _kept_columns(edges: CSR, columns: I64) -> CSR:
    """Return the edges to some columns, ascending, numbered anew."""
    place = np.searchsorted(columns, edges.indices)
    place[place == len(columns)] = 0
    kept = columns[place] == edges.indices if len(columns) else np.zeros(edges.edges, np.bool_)
    left = edges.kept(kept)
    return CSR(left.indptr, place[kept].astype(np.int32), len(columns), left.weight, left.time)
