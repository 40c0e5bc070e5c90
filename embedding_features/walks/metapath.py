"""Walks that follow the relations of a path in turn."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.relation import Relation
from embedding_features.graph.view import GraphView
from embedding_features.walks.base import Walks
from embedding_features.walks.edges import Edges, edges_of
from embedding_features.walks.first_order import FirstOrderWalker, Hops

_Hop = tuple[str, str, CSR]  # node type from, node type to, edges


class MetapathWalks(Walks):
    """Goes along the relations of a path, each step by weight, and then along the path again.

    The walks of metapath2vec (Dong, Chawla & Swami, KDD 2017, eq. 3). Rows are those of one space in which
    the node types follow each other in the order of the path.

    Attributes:
        path: names of relations; ``~`` before one takes it from destinations to sources. The last one ends at
            the node type at which the first begins: author–paper–author is ``("wrote", "~wrote")``. None goes
            from the node type that the first relation begins at along each relation in turn, and back.
    """

    kind: Literal["metapath_walks"] = "metapath_walks"
    path: tuple[str, ...] | None = Field(default=None, min_length=1)

    def over_view(self, view: GraphView) -> tuple[FirstOrderWalker, tuple[str, ...]]:
        """Return the walker along the path over a view's relations, and the path's node types."""
        return self.over(view.relations), self.node_types(view.relations)

    def path_over(self, relations: Mapping[str, Relation]) -> tuple[str, ...]:
        """Return the path; without one of its own, along each relation in turn and back.

        It begins at the first relation's sources, and leaves out relations without edges. A relation that
        begins elsewhere is gone to along the others: user–item–tag–item–user.

        Raises:
            GraphError: when there is no path, and no way leads to a relation.
        """
        if self.path is not None:
            return self.path
        home = next(iter(relations.values())).src
        ways, found = {home: tuple[str, ...]()}, list[str]()
        waiting = {name: relation for name, relation in relations.items() if relation.forward.edges}
        while waiting:
            name = next((n for n, r in waiting.items() if r.src in ways or r.dst in ways), None)
            if name is None:
                raise GraphError(
                    f"no way leads from {home!r} to the relations {sorted(waiting)}",
                    fix="leave them out of relations, or give a metapath",
                )
            relation = waiting.pop(name)
            forward = relation.src in ways
            begin, end = (relation.src, relation.dst) if forward else (relation.dst, relation.src)
            there = (*ways[begin], name if forward else f"~{name}")
            ways.setdefault(end, there)
            found += [*there, *(_reversed(step) for step in reversed(there))]
        return tuple(found)

    def node_types(self, relations: Mapping[str, Relation]) -> tuple[str, ...]:
        """Return the node types in the order of their rows.

        Raises:
            GraphError: when the path does not fit the relations.
        """
        return tuple(dict.fromkeys(source for source, _, _ in self._hops(relations)))

    def over(self, relations: Mapping[str, Relation]) -> FirstOrderWalker:
        """Return the walker; walks start at nodes of the path's first type that an edge leaves.

        Args:
            relations: of a graph (``graph.relations``).

        Raises:
            GraphError: when a relation is unknown, ends where the next one does not begin, or has a weight
                that is negative or no number; or when the last one does not lead back.
        """
        hops = self._hops(relations)
        sizes = {source: csr.rows for source, _, csr in hops}
        spans = np.concatenate(([0], np.cumsum(list(sizes.values()))))
        first = dict(zip(sizes, spans.tolist(), strict=False))
        edges = [edges_of(csr) for _, _, csr in hops]
        return FirstOrderWalker(
            length=self.length,
            starts=np.flatnonzero(np.diff(edges[0].indptr)).astype(np.int32),
            spans=spans,
            hops=_laid_end_to_end(hops, edges, first),
        )

    def _hops(self, relations: Mapping[str, Relation]) -> list[_Hop]:
        """Return the hops of the path, once they are checked."""
        path = self.path_over(relations)
        hops = [_hop(name, relations) for name in path]
        for name, (_, end, _), (begin, _, _) in zip(path, hops, [*hops[1:], hops[0]], strict=True):
            if begin != end:
                raise GraphError(
                    f"metapath {path}: {name!r} ends at {end!r} and the next begins at {begin!r}",
                    fix="let each relation begin where the one before ends, and the last lead to the start",
                )
        return hops


def _reversed(step: str) -> str:
    return step.removeprefix("~") if step.startswith("~") else f"~{step}"


def _hop(name: str, relations: Mapping[str, Relation]) -> _Hop:
    relation = relations.get(name.removeprefix("~"))
    if relation is None:
        raise GraphError(f"no relation {name!r} for a metapath", fix=f"name some of {sorted(relations)}")
    if name.startswith("~"):
        return relation.dst, relation.src, relation.reverse
    return relation.src, relation.dst, relation.forward


def _laid_end_to_end(hops: Sequence[_Hop], edges: Sequence[Edges], first: Mapping[str, int]) -> Hops:
    """Return the edges of all hops as one, in rows of the one space."""
    weighted = any(len(one.cumulative) for one in edges)
    offsets, indptr, indices, weights = [], [], [], [np.zeros(1)]
    place = begin = 0
    for (source, target, _), one in zip(hops, edges, strict=True):
        offsets.append(place - first[source])
        indptr.append(one.indptr + begin)
        indices.append(one.indices + np.int32(first[target]))
        if weighted:
            alike = np.ones(len(one.indices))
            weights.append(np.diff(one.cumulative) if len(one.cumulative) else alike)
        place += len(one.indptr)
        begin += len(one.indices)
    cumulative = np.cumsum(np.concatenate(weights)) if weighted else np.empty(0)
    return Hops(np.array(offsets), np.concatenate(indptr), np.concatenate(indices), cumulative)
