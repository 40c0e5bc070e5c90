"""Views of a relation with the attributes of its nodes (tags, genres, traits) as sparse indicators."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse
from pydantic import Field

from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.graph import Graph
from embedding_features.graph.views import Bipartite, BipartiteView
from embedding_features.graph.weights import check_ignored


@dataclass(frozen=True)
class AttributedView(BipartiteView):
    """Holds a relation as a matrix, and indicators of the attributes of both sides' nodes.

    ``src_attributes`` [sources, columns] and ``dst_attributes`` [destinations, columns] hold 1 where a node
    has an attribute; None where a side has none.
    """

    src_attributes: scipy.sparse.csr_array | None = None
    dst_attributes: scipy.sparse.csr_array | None = None


class Attributed(Bipartite):
    """Views one relation beside others that join its nodes with attributes.

    Attributes:
        attributes: names of relations between one of the view's node types and a third one; a node has an
            attribute or has it not, whatever the weight.
        min_attribute_nodes: an attribute of fewer nodes is left out.
    """

    attributes: tuple[str, ...] = ()
    min_attribute_nodes: int = Field(default=5, ge=1)

    def build(self, graph: Graph) -> AttributedView:
        """Return the view of ``graph``; see :meth:`Bipartite.build`.

        Raises:
            GraphError: also when an attribute relation is unknown, does not join one of the view's node types
                with a third, or has weights not above 0: an indicator would say that the node has it.
        """
        view = super().build(graph)
        found: dict[str, list[CSR]] = {view.src_type: [], view.dst_type: []}
        for name in self.attributes:
            relation = graph.relation(name)
            ends = {relation.src: relation.forward, relation.dst: relation.reverse}
            described = ends.keys() & found.keys()
            if len(ends) != 2 or len(described) != 1:
                raise GraphError(
                    f"relation {name!r} joins {relation.src!r} with {relation.dst!r}: it describes neither"
                    f" {view.src_type!r} nor {view.dst_type!r} by another node type",
                    fix="name relations between one of the two and a type of attributes",
                )
            check_ignored(name, relation.forward)
            node_type = described.pop()
            found[node_type].append(ends[node_type])
        return AttributedView(
            **vars(view),
            src_attributes=self._indicators(found[view.src_type]),
            dst_attributes=self._indicators(found[view.dst_type]),
        )

    def _indicators(self, relations: list[CSR]) -> scipy.sparse.csr_array | None:
        if not relations:
            return None
        ones = [
            scipy.sparse.csr_array((np.ones(c.edges), c.indices, c.indptr), shape=(c.rows, c.columns))
            for c in relations
        ]
        joined = scipy.sparse.csr_array(scipy.sparse.hstack(ones, format="csr"))
        joined.sum_duplicates()
        joined.data[:] = 1
        often = np.flatnonzero(joined.sum(axis=0) >= self.min_attribute_nodes)
        return scipy.sparse.csr_array(joined[:, often]) if len(often) else None


class Valued(Attributed):
    """Views a relation whose weights are values, such as ratings: of a pair's several the last one counts."""

    def _merged(self, edges: CSR) -> CSR:
        return edges.merged("last")
