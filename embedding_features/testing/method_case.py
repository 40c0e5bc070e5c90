"""What all conformance tests of methods share: the method under test, and its fits."""

from typing import Any

from embedding_features.arrays import F32
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.config import config_hash
from embedding_features.methods import Method
from embedding_features.testing.graphs import clicks

_FITTED: dict[str, Embeddings] = {}


class MethodCase:
    """The base of the tests of a method; :class:`.MethodTests` says how it is used."""

    def make(self, **parameters: Any) -> Method:
        """Return the method at a size that fits in about a second.

        Override it.

        Args:
            parameters: parameters to set, of ``dim`` (8 where it is not given) and ``relation``.
        """
        raise NotImplementedError("override make(self, **parameters) and return your method")

    def fitted(self) -> Embeddings:
        """Return the method fitted on :func:`.clicks` with seed 3, once for all tests."""
        method = self.make()
        key = config_hash(method)
        if key not in _FITTED:
            _FITTED[key] = method.fit(clicks(), seed=3)
        return _FITTED[key]


def vectors_of(embeddings: Embeddings) -> list[F32]:
    """Return the vectors of users and of items."""
    return [embeddings.tables[node_type].vectors for node_type in ("user", "item")]
