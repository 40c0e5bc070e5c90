"""Views of a graph, which methods are fitted on: the nodes of all types in one row space."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from pydantic import Field

from embedding_features.arrays import I64, Bool
from embedding_features.config import Config
from embedding_features.errors import GraphError
from embedding_features.graph.adjacency import Norm, joined_adjacency
from embedding_features.graph.csr import CSR, MAX_NODES
from embedding_features.graph.graph import Graph
from embedding_features.graph.node_features import NodeFeatures, features_of
from embedding_features.graph.relation import Relation
from embedding_features.graph.triples import TripleArrays
from embedding_features.graph.weights import check_ignored


@dataclass(frozen=True)
class NodeSpan:
    """Says where the nodes of one type are in a view.

    Attributes:
        start: first of their rows in the view.
        rows: [n] int64 their rows in the type's vocabulary, ascending.
    """

    start: int
    rows: I64


@dataclass(frozen=True)
class GraphView:
    """Holds relations of a graph over the nodes that take part, which are rows 0 … ``size`` − 1.

    Attributes:
        nodes: node type → its span of rows; the types follow each other as the relations name them.
        relations: name → edges in both directions, with rows counted from the start of each end's span. The
            first is the one that a bipartite method is about.
        described: node type → what is known of all nodes of its vocabulary; :meth:`features` has the view's.
    """

    nodes: Mapping[str, NodeSpan]
    relations: Mapping[str, Relation]
    described: Mapping[str, NodeFeatures] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """The number of nodes of all types."""
        return sum(len(span.rows) for span in self.nodes.values())

    @property
    def counts(self) -> dict[str, int]:
        """The number of nodes of each type, in the order of their rows."""
        return {node_type: len(span.rows) for node_type, span in self.nodes.items()}

    def span(self, node_type: str) -> slice:
        """Return the rows of a node type."""
        span = self.nodes[node_type]
        return slice(span.start, span.start + len(span.rows))

    def relation(self, name: str | None = None) -> Relation:
        """Return the named relation, or the first.

        Raises:
            GraphError: when there is no such relation.
        """
        if name is None:
            return next(iter(self.relations.values()))
        if name not in self.relations:
            raise GraphError(f"no relation {name!r} in the view", fix=f"name one of {sorted(self.relations)}")
        return self.relations[name]

    def features(self, node_type: str) -> NodeFeatures | None:
        """Return what is known of the nodes of a type, in the order of their rows; None where nothing is."""
        known = self.described.get(node_type)
        return None if known is None else known.take(self.nodes[node_type].rows)

    def matrix(self) -> Relation:
        """Return the first relation, which must join two node types.

        Raises:
            GraphError: when it joins a node type with itself.
        """
        relation = self.relation()
        if relation.src == relation.dst:
            raise GraphError(
                f"relation {relation.name!r} joins {relation.src!r} with itself; a bipartite method has one"
                " table per side",
                fix="name a relation between two node types",
            )
        return relation

    def adjacency(self, relations: Sequence[str] | None = None, *, norm: Norm = "none") -> CSR:
        """Return the [size, size] edges of some relations, or of all, in both directions.

        Weights of a pair's edges add up: between nodes of one type the matrix is A + Aᵀ.

        Args:
            relations: names; None for all.
            norm: ``"symmetric"`` divides a weight by sqrt(d_a d_b), d the summed weights of a row.

        Raises:
            GraphError: when there is no such relation, or a weight is negative under the symmetric norm.
        """
        chosen = [self.relation(name) for name in relations or self.relations]
        starts = [(self.nodes[r.src].start, self.nodes[r.dst].start) for r in chosen]
        return joined_adjacency(chosen, starts, self.size, norm)

    def timed_adjacency(self) -> CSR:
        """Return the [size, size] edges of all relations in both directions, each by itself with its time.

        Raises:
            GraphError: when a relation has no times.
        """
        triples, times = self.triples(), [r.forward.time for r in self.relations.values()]
        if any(time is None for time in times):
            raise GraphError("a relation of the view has no times", fix="name a timestamp in the schema")
        ends = np.concatenate([triples.src, triples.dst]), np.concatenate([triples.dst, triples.src])
        weight = np.concatenate([r.forward.weights() for r in self.relations.values()] * 2)
        time = np.concatenate([time for time in times if time is not None] * 2)
        return CSR.from_edges(*ends, (self.size, self.size), weight, time)

    def triples(self) -> TripleArrays:
        """Return all edges as triples of rows of the view; relation k is the k-th of ``relations``."""
        columns: list[tuple[I64, I64, I64]] = []
        for number, relation in enumerate(self.relations.values()):
            edges, src, dst = relation.forward, self.nodes[relation.src], self.nodes[relation.dst]
            columns.append(
                (
                    edges.sources().astype(np.int64) + src.start,
                    np.full(edges.edges, number),
                    edges.indices.astype(np.int64) + dst.start,
                )
            )
        return TripleArrays(*map(np.concatenate, zip(*columns, strict=True)))

    def part(self, node_types: Collection[str]) -> "GraphView":
        """Return the view of some node types and the relations between them, in the order of this one."""
        nodes = {t: span.rows for t, span in self.nodes.items() if t in node_types}
        relations = {n: r for n, r in self.relations.items() if r.src in nodes and r.dst in nodes}
        return replace(self, nodes=spans(nodes), relations=relations)

    def without(self, out: Bool) -> "GraphView":
        """Return the view without those of its triples that ``out`` [triples] marks, over the same nodes."""
        counts = np.cumsum([r.forward.edges for r in self.relations.values()])[:-1]
        left = {}
        for relation, gone in zip(self.relations.values(), np.split(out, counts), strict=True):
            forward = relation.forward.kept(~gone)
            left[relation.name] = replace(relation, forward=forward, reverse=forward.transposed())
        return replace(self, relations=left)

    def renumbered(self, rows: Mapping[str, I64], counts: Mapping[str, int]) -> "GraphView":
        """Return the same edges between nodes that are numbered in another way.

        Args:
            rows: node type → [n] new row, counted from the start of its span, of each of the type's nodes.
            counts: node type → how many rows it has then; rows that no node has have no edges and features.
        """
        relations = {
            name: Relation.from_edges(
                name,
                r.src,
                r.dst,
                rows[r.src][r.forward.sources()],
                rows[r.dst][r.forward.indices],
                (counts[r.src], counts[r.dst]),
                r.forward.weight,
                r.forward.time,
            )
            for name, r in self.relations.items()
        }
        described = {}
        for node_type, known in self.described.items():
            places = np.full(counts[node_type], -1)
            places[rows[node_type]] = self.nodes[node_type].rows
            described[node_type] = known.take(places)
        return GraphView(spans({t: np.arange(n) for t, n in counts.items()}), relations, described)


class View(Config):
    """Says which relations of a graph a method sees, how it reads weights, and which nodes take part.

    Attributes:
        relations: names, first the one that a bipartite method is about; ``"all"`` of the graph's, or the
            ``"only"`` one, for a graph that has no other.
        weights: ``"sum"`` adds up the weights of a pair's edges (one without weight counts 1), ``"last"`` has
            the last of them count, ``"one"`` gives every pair weight 1 and refuses weights not above 0, which
            would count as likes; ``"each"`` keeps every edge by itself.
        nodes: those with an edge in one of the relations, or all of the graph's.
        attributes: relations that join the nodes with what they have (words, tags): features, beside the
            columns of the graph's tables, of which no node of theirs takes part.
    """

    relations: tuple[str, ...] | Literal["all", "only"] = "all"
    weights: Literal["sum", "last", "one", "each"] = "sum"
    nodes: Literal["with edges", "all"] = "with edges"
    # left out where there are none, so that compositions without any are written as they always were
    attributes: tuple[str, ...] = Field(default=(), exclude_if=lambda names: not names)

    @classmethod
    def of(cls, relation: str | None, *others: str, **settings: Any) -> "View":
        """Return the view of one relation, None for the graph's only one, and of others beside it."""
        if relation is None and others:
            raise ValueError(f"relation: name the one that {', '.join(others)} come beside")
        return cls(relations="only" if relation is None else (relation, *others), **settings)

    def first(self, graph: Graph) -> str:
        """Return the name of the view's first relation.

        Raises:
            GraphError: when a relation is unknown.
        """
        return self._chosen(graph)[0].name

    def build(self, graph: Graph, nodes: Mapping[str, NodeSpan] | None = None) -> GraphView:
        """Return the view of ``graph``.

        Args:
            graph: what is looked at.
            nodes: the nodes that take part, where that is known already: those of an earlier view of a graph
                of the same vocabularies, with all that this one has edges of.

        Raises:
            GraphError: when a relation is unknown, all are empty, or weights are not finite, or not above 0
                where they are not used.
        """
        chosen = self._chosen(graph)
        if not any(r.forward.edges for r in chosen):
            names = " and ".join(repr(r.name) for r in chosen)
            raise GraphError(
                f"relation {names} has no edges as of {graph.as_of.isoformat()}",
                fix="choose a later moment, or another relation",
            )
        merged = [self._merged(relation) for relation in chosen]
        nodes = self._nodes(graph, merged) if nodes is None else nodes
        described = features_of(graph, nodes, self.attributes)
        return GraphView(nodes, {r.name: _compact(r, nodes) for r in merged}, described)

    def _chosen(self, graph: Graph) -> list[Relation]:
        if isinstance(self.relations, tuple):
            return [graph.relation(name) for name in self.relations]
        edges = {name: r for name, r in graph.relations.items() if name not in self.attributes}
        graph = replace(graph, relations=edges)
        return [graph.relation()] if self.relations == "only" else list(edges.values())

    def _merged(self, relation: Relation) -> Relation:
        """Return the relation with its edges as ``weights`` says."""
        edges = relation.forward
        if self.weights != "one" and edges.weight is not None and not np.isfinite(edges.weight).all():
            raise GraphError(f"relation {relation.name!r} has weights that are NaN or infinite")
        if self.weights == "each":
            return relation
        if self.weights == "one":
            check_ignored(relation.name, edges)
            edges = replace(edges, weight=None)
            relation = replace(relation, forward=edges, reverse=replace(relation.reverse, weight=None))
        merged = edges.merged("sum" if self.weights == "sum" else "last")
        if merged is edges:  # each pair stands once already
            return relation
        return replace(relation, forward=merged, reverse=merged.transposed())

    def _nodes(self, graph: Graph, relations: Sequence[Relation]) -> Mapping[str, NodeSpan]:
        active: dict[str, I64] = {}
        for r in relations:
            for node_type, edges in ((r.src, r.forward), (r.dst, r.reverse)):
                active[node_type] = edges.degrees + active.get(node_type, 0)
        if self.nodes == "all":
            return spans({t: np.arange(len(graph.vocabularies[t])) for t in active})
        return spans({node_type: np.flatnonzero(degrees) for node_type, degrees in active.items()})


def spans(rows: Mapping[str, I64]) -> Mapping[str, NodeSpan]:
    """Return the spans of node types that follow each other, of their vocabulary rows.

    Raises:
        GraphError: when there are more nodes than int32 counts.
    """
    found, start = dict[str, NodeSpan](), 0
    for node_type, of_type in rows.items():
        found[node_type] = NodeSpan(start, of_type)
        start += len(of_type)
    if start > MAX_NODES:
        raise GraphError(f"{start} nodes of all types; at most {MAX_NODES} fit into one view")
    return found


def _compact(relation: Relation, nodes: Mapping[str, NodeSpan]) -> Relation:
    """Return the relation between those nodes alone; it must have no edge of another node."""
    src, dst = nodes[relation.src].rows, nodes[relation.dst].rows
    if len(src) == relation.forward.rows and len(dst) == relation.reverse.rows:
        return relation
    forward, reverse = _between(relation.forward, src, dst), _between(relation.reverse, dst, src)
    return replace(relation, forward=forward, reverse=reverse)


def _between(csr: CSR, rows: I64, columns: I64) -> CSR:
    """Return the matrix [rows, columns] that is left of ``csr``."""
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(csr.degrees[rows])])
    new_column = np.full(csr.columns, -1, np.int32)
    new_column[columns] = np.arange(len(columns), dtype=np.int32)
    return CSR(indptr, new_column[csr.indices], len(columns), csr.weight, csr.time)
