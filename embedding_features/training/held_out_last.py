"""Retrieval of what each source did last, as leave-one-out judges sequences."""

import numpy as np

from embedding_features.arrays import I64, Bool
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.relation import Relation
from embedding_features.graph.view import GraphView
from embedding_features.training.held_out import MIN_EDGES
from embedding_features.training.held_out_pairs import MAX_SOURCES, HeldOutPairs
from embedding_features.training.settings import Training


def hold_out_last(view: GraphView, training: Training, seed: int) -> HeldOutPairs | None:
    """Hold out the edges of each source's last moment in the view's first relation.

    A source without an earlier edge keeps what it has. Of other relations from the same node type go the
    source's edges of that moment and later: nothing is known of the time that is judged.

    Args:
        view: what to hold out of.
        training: the figure.
        seed: of the choice of sources that the figure is measured on.

    Returns:
        The split; None where it would be too small to tell anything.

    Raises:
        GraphError: when the relation has no times.
    """
    relation = view.relation()
    moments = _last_moments(relation)
    out = {r.name: _late(r, relation, moments) for r in view.relations.values()}
    gone = relation.forward.kept(out[relation.name])
    if gone.edges < MIN_EDGES:
        return None
    left = view.without(np.concatenate(list(out.values())))
    known = left.relation().forward
    new = ~np.isin(_keys(gone), _keys(known))
    sources = np.unique(gone.sources())
    if len(sources) > MAX_SOURCES:
        sources = np.random.default_rng(seed).choice(sources, MAX_SOURCES, replace=False)
    return HeldOutPairs(left, str(training.early_stop), gone.kept(new & np.isin(gone.sources(), sources)))


def _last_moments(relation: Relation) -> I64:
    """Return [sources] the time of the last edges; the end of time for a source that must keep them."""
    edges, time = relation.forward, relation.forward.time
    if time is None:
        raise GraphError(
            f"relation {relation.name!r} has no times, and so no last edges",
            fix="name a timestamp in the schema, or hold out a share: validation: 0.05",
        )
    end = np.iinfo(np.int64).max
    first, last = np.full(edges.rows, end), np.full(edges.rows, -end)
    np.minimum.at(first, edges.sources(), time)
    np.maximum.at(last, edges.sources(), time)
    return np.where(first < last, last, end)


def _late(relation: Relation, first: Relation, moments: I64) -> Bool:
    """Return [edges] whether an edge is of its source's last moment in the first relation, or later."""
    edges, time = relation.forward, relation.forward.time
    if relation.src != first.src or time is None:
        return np.zeros(edges.edges, np.bool_)
    late: Bool = time >= moments[edges.sources()]
    return late


def _keys(edges: CSR) -> I64:
    """Return [edges] a number for each pair."""
    return edges.sources().astype(np.int64) * edges.columns + edges.indices
