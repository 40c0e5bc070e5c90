"""What all conformance tests of methods share: the method under test, and its fits."""

from typing import Any

from embedding_features.arrays import F32
from embedding_features.artifact.embeddings import RELATION, Embeddings, EmbeddingTable
from embedding_features.config import config_hash
from embedding_features.graph import Graph
from embedding_features.methods import Method
from embedding_features.methods.registry import Needs
from embedding_features.testing.graphs import clicks

_FITTED: dict[tuple[str, str], Embeddings] = {}


class MethodCase:
    """The base of the tests of a method; :class:`.MethodTests` says how it is used."""

    @property
    def needs(self) -> Needs:
        """What the method needs of a graph; override it where that is something else."""
        return "one relation between two node types"

    @property
    def inductive(self) -> bool:
        """Whether nodes without edges have vectors, too; override it where they have."""
        return False

    def make(self, **parameters: Any) -> Method:
        """Return the method at a size that fits in about a second.

        Override it.

        Args:
            parameters: parameters to set, of ``dim`` (8 where it is not given) and ``relation``, or, of a
                method that needs any relations, ``relations``.
        """
        raise NotImplementedError("override make(self, **parameters) and return your method")

    @property
    def takes_any(self) -> bool:
        """Whether the method takes any relations."""
        return self.needs.startswith("any relations")

    def over(self, *relations: str, **parameters: Any) -> Method:
        """Return the method of those relations; the first of them where it takes one alone."""
        several = self.needs in ("any relations", "relations between two node types each")
        chosen = {"relations": relations} if several else {"relation": relations[0]}
        return self.make(**chosen, **parameters)

    def fitted(self, graph: Graph | None = None) -> Embeddings:
        """Return the method fitted with seed 3, once for all tests, on :func:`.clicks` or on ``graph``."""
        method, learned_from = self.make(), clicks() if graph is None else graph
        key = config_hash(method), ",".join(learned_from.relations)
        if key not in _FITTED:
            _FITTED[key] = method.fit(learned_from, seed=3)
        return _FITTED[key]


def vectors_of(embeddings: Embeddings) -> list[F32]:
    """Return the vectors of users and of items."""
    return [embeddings.tables[node_type].vectors for node_type in ("user", "item")]


def node_tables(embeddings: Embeddings) -> dict[str, EmbeddingTable]:
    """Return the tables of nodes, without that of relations."""
    return {name: table for name, table in embeddings.tables.items() if name != RELATION}
