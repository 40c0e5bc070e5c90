"""Graphs as of a moment: schema, vocabulary, build, typed CSR, views."""

from typing import TYPE_CHECKING

from embedding_features.lazy import on_first_use

if TYPE_CHECKING:
    from embedding_features.graph.csr import CSR as CSR
    from embedding_features.graph.facade import Graph as Graph
    from embedding_features.graph.relation import Relation as Relation
    from embedding_features.graph.schema import GraphSchema as GraphSchema
    from embedding_features.graph.vocabulary import Vocabulary as Vocabulary

#: the kernels of CSR bring numba, which whoever wants ids alone does not need
__getattr__, __all__ = on_first_use(
    __name__,
    {
        "CSR": "csr:CSR",
        "Graph": "facade:Graph",
        "GraphSchema": "schema:GraphSchema",
        "Relation": "relation:Relation",
        "Vocabulary": "vocabulary:Vocabulary",
    },
)
