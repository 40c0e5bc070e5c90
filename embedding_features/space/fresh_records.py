"""How near fresh vectors are to stored ones: as of a snapshot's moment, and since its parent."""

from collections.abc import Mapping

import numpy as np

from embedding_features.arrays import F64, I64
from embedding_features.artifact import Embeddings, EmbeddingTable, Snapshot
from embedding_features.artifact.fold_in import FoldIns
from embedding_features.artifact.manifest import Cosines, FreshRecord, SinceParent
from embedding_features.derive import Features
from embedding_features.errors import CompatibilityError
from embedding_features.fresh import Events
from embedding_features.fresh.graph_nodes import GraphNodes
from embedding_features.graph import Graph
from embedding_features.sources.moment import to_microseconds
from embedding_features.space.cosines import cosines
from embedding_features.space.drift import SAMPLE
from embedding_features.space.shared_rows import sample_rows

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: least number of new events of a group → its name
_GROUPS = {0: "0", 1: "1", 2: "2 to 4", 5: "5 to 19", 20: "20 or more"}


def fresh_records(
    content: Embeddings | Features, graph: Graph, parent: Snapshot | None = None
) -> dict[str, FreshRecord]:
    """Compare stored vectors with those folded in from edges, for each node type that can be folded in.

    Of the fit itself, from the edges that it was made from: the cosine is 1 where the method's fold-in ends
    where its fit does, and less by what a fresh vector differs before anything has happened. And of the
    parent, from all edges of this graph: how far nodes had moved from their stored vectors by the time that
    this snapshot came. A relation without time cannot tell what came since, so there is no such part.

    Args:
        content: vectors, or vectors with features derived from them.
        graph: that they were fitted on.
        parent: the snapshot before; None for the first.

    Returns:
        Node type → its record; cosines rest on 20,000 nodes at most, drawn with a fixed seed.

    Raises:
        CompatibilityError: when the graph is another one.
    """
    embeddings = content if isinstance(content, Embeddings) else content.embeddings
    made = embeddings.provenance
    if graph.fingerprint != made.graph_fingerprint:
        raise CompatibilityError(
            f"a graph {graph.fingerprint[:10]} beside vectors of a graph {made.graph_fingerprint[:10]}",
            fix="give the graph that they were fitted on",
        )
    relation, earlier = next(iter(made.edges)), dict[str, GraphNodes]()
    if parent is not None:
        tables = {node_type: parent.vectors(node_type) for node_type in parent.manifest.nodes}
        earlier = _nodes(tables, parent.fold_ins(), graph)
    return {
        node_type: FreshRecord(
            own=own_cosines(nodes, relation),
            since_parent=_since(parent, earlier.get(node_type), relation),
        )
        for node_type, nodes in _nodes(embeddings.tables, embeddings.fold_ins, graph).items()
    }


def own_cosines(nodes: GraphNodes, relation: str) -> Cosines:
    """Return the cosines between stored vectors and those folded in from the edges of a relation.

    They rest on the same nodes whatever order the graph has them in.
    """
    known = np.flatnonzero(nodes.rows >= 0)
    by_row = known[np.argsort(nodes.rows[known])]
    chosen = by_row[sample_rows(len(by_row), SAMPLE, 0)]
    return _summary(_cosines(nodes, nodes.events(relation), chosen))


def _nodes(tables: Mapping[str, EmbeddingTable], fold_ins: FoldIns, graph: Graph) -> dict[str, GraphNodes]:
    """Return the nodes of each type that can be folded in."""
    found = {node_type: GraphNodes.of(tables, fold_ins, node_type, graph) for node_type in tables}
    return {node_type: nodes for node_type, nodes in found.items() if nodes is not None}


def _since(parent: Snapshot | None, nodes: GraphNodes | None, relation: str) -> SinceParent | None:
    if parent is None or nodes is None or nodes.graph.relation(relation).forward.time is None:
        return None
    events, made = nodes.events(relation), parent.manifest
    seen = np.bincount(events.node, minlength=len(nodes.rows)) > 0
    stored = seen & (nodes.rows >= 0)
    return SinceParent(
        run_id=made.run_id,
        as_of=made.as_of,
        nodes=int(seen.sum()),
        stored=int(stored.sum()),
        reachable=int((seen & nodes.reachable([relation])).sum()),
        moved=_moved(nodes, events, np.flatnonzero(stored), to_microseconds(made.as_of)),
    )


def _moved(nodes: GraphNodes, events: Events, stored: I64, moment: int) -> dict[str, Cosines]:
    """Return number of events later than a moment → cosines of the nodes with as many."""
    chosen = stored[sample_rows(len(stored), SAMPLE, 0)]
    new = np.bincount(events.node[events.time > moment], minlength=len(nodes.rows))[chosen]
    group = np.searchsorted(list(_GROUPS), new, side="right") - 1
    members = ((name, chosen[group == number]) for number, name in enumerate(_GROUPS.values()))
    return {name: _summary(_cosines(nodes, events, rows)) for name, rows in members if len(rows)}


def _cosines(nodes: GraphNodes, events: Events, chosen: I64) -> F64:
    return cosines(nodes.table.vectors[nodes.rows[chosen]], nodes.vectors(events, chosen))


def _summary(found: F64) -> Cosines:
    if not len(found):
        return Cosines(count=0, mean=None, quantiles={})
    values = np.quantile(found, _QUANTILES).tolist()
    quantiles = {f"{share:.0%}": value for share, value in zip(_QUANTILES, values, strict=True)}
    return Cosines(count=len(found), mean=float(found.mean()), quantiles=quantiles)
