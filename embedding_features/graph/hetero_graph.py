"""The heterogeneous graph as of one moment: vocabularies, typed relations in both directions, node tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32, I32, I64, AnyArray
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.vocabulary import Vocabulary


@dataclass(frozen=True)
class Relation:
    """Edges of one meaning between two node types.

    ``forward`` has the sources as rows, ``reverse`` the destinations; both hold the same edges.
    """

    name: str
    src: str
    dst: str
    forward: CSR
    reverse: CSR

    @classmethod
    def from_edges(
        cls,
        name: str,
        src_type: str,
        dst_type: str,
        src: I32 | I64,
        dst: I32 | I64,
        shape: tuple[int, int],
        weight: F32 | None = None,
        time: I64 | None = None,
    ) -> "Relation":
        """Both directions from row indices; see :meth:`CSR.from_edges`."""
        forward = CSR.from_edges(src, dst, shape, weight, time)
        reverse = CSR.from_edges(dst, src, (shape[1], shape[0]), weight, time)
        return cls(name, src_type, dst_type, forward, reverse)


@dataclass(frozen=True)
class Graph:
    """Everything that was known at ``as_of``.

    Attributes:
        as_of: zone-aware moment; no edge is later.
        vocabularies: node type → append-only ids.
        relations: relation name → edges.
        features: node type → table whose row r describes vocabulary row r (may be empty).
        fingerprint: SHA-256 of ids and edges: equal data, equal fingerprint.
    """

    as_of: datetime
    vocabularies: Mapping[str, Vocabulary]
    relations: Mapping[str, Relation]
    features: Mapping[str, pa.Table] = field(default_factory=dict)
    fingerprint: str = ""

    def relation(self, name: str | None = None) -> Relation:
        """The named relation, or the only one.

        Raises:
            GraphError: when there is no such relation, or no name and more than one.
        """
        if name is None and len(self.relations) == 1:
            return next(iter(self.relations.values()))
        if name is None or name not in self.relations:
            raise GraphError(f"no relation {name!r}", fix=f"name one of {sorted(self.relations)}")
        return self.relations[name]

    @classmethod
    def from_arrays(
        cls,
        as_of: datetime,
        edges: Mapping[tuple[str, str, str], tuple[AnyArray, AnyArray] | tuple[AnyArray, AnyArray, I64]],
    ) -> "Graph":
        """A graph from id arrays, for notebooks and tests; files go through :meth:`build`.

        Args:
            edges: (source type, relation, destination type) → (source ids, destination ids[, times in µs]).
        """
        ids: dict[str, list[AnyArray]] = {}
        for (src_type, _, dst_type), arrays in edges.items():
            ids.setdefault(src_type, []).append(np.asarray(arrays[0]))
            ids.setdefault(dst_type, []).append(np.asarray(arrays[1]))
        vocabularies = {t: Vocabulary.from_ids(np.unique(np.concatenate(a))) for t, a in ids.items()}
        relations = {
            name: Relation.from_edges(
                name,
                src_type,
                dst_type,
                vocabularies[src_type].encode(arrays[0]),
                vocabularies[dst_type].encode(arrays[1]),
                (len(vocabularies[src_type]), len(vocabularies[dst_type])),
                time=arrays[2] if len(arrays) == 3 else None,
            )
            for (src_type, name, dst_type), arrays in edges.items()
        }
        return cls(as_of, vocabularies, relations)
