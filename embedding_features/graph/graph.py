"""The heterogeneous graph as of one moment: vocabularies, typed relations in both directions, node tables.

Only data is here. What builds, saves and loads a graph stands on it; :mod:`.facade` attaches those functions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Protocol

import pyarrow as pa

from embedding_features.arrays import I64, AnyArray
from embedding_features.errors import GraphError
from embedding_features.graph.fingerprint import fingerprint
from embedding_features.graph.relation import Relation
from embedding_features.graph.report import BuildReport
from embedding_features.graph.schema import GraphSchema
from embedding_features.graph.vocabulary import Vocabulary
from embedding_features.progress import SILENT, Progress
from embedding_features.sources.moment import as_moment, check_time, times_array


class Build(Protocol):
    """The signature of :func:`.build_graph`."""

    def __call__(
        self,
        schema: GraphSchema | str | Path,
        as_of: datetime | str,
        parent: "Graph | None" = None,
        progress: Progress = SILENT,
        memory_limit: str | None = None,
        threads: int | None = None,
    ) -> "Graph":
        """Build the graph that the schema's logs held at ``as_of``."""


@dataclass(frozen=True)
class Graph:
    """Everything that was known at ``as_of``.

    Attributes:
        as_of: zone-aware moment; no edge is later.
        vocabularies: node type → append-only ids.
        relations: relation name → edges.
        features: node type → table whose row r describes vocabulary row r (may be empty).
        fingerprint: SHA-256 of ids, edges and features: equal data, equal fingerprint.
        report: what the build read, dropped and kept.
        build: :func:`.build_graph`, attached by :mod:`embedding_features.graph`, as are the two below.
        load: :func:`.load_graph`.
        save: :func:`.save_graph`.
    """

    build: ClassVar["Build"]
    load: ClassVar[Callable[[str | Path], "Graph"]]
    save: ClassVar[Callable[["Graph", str | Path], None]]

    as_of: datetime
    vocabularies: Mapping[str, Vocabulary]
    relations: Mapping[str, Relation]
    features: Mapping[str, pa.Table] = field(default_factory=dict)
    fingerprint: str = ""
    report: BuildReport = field(default_factory=BuildReport)

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
        """A graph from id arrays, for notebooks and tests; files go through :func:`.build_graph`.

        Args:
            edges: (source type, relation, destination type) → (source ids, destination ids[, times]); times
                are integers, µs since 1970 UTC, or datetime64 in UTC.

        Raises:
            GraphError: when as_of has no zone, or ids or times are unfit.
            LeakError: when an edge is later than as_of.

        Example:
            >>> from datetime import UTC, datetime
            >>> import numpy as np
            >>> edges = {("user", "bought", "item"): (np.array([7, 7, 8, 9]), np.array([1, 2, 2, 3]))}  # ids
            >>> graph = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges)
            >>> len(graph.vocabularies["user"]), graph.relation("bought").forward.edges
            (3, 4)
        """
        as_of = as_moment(as_of)
        times = {name: times_array(e[2], name) for (_, name, _), e in edges.items() if len(e) == 3}
        for name, time in times.items():
            if len(time):
                check_time(name, int(time.max()), as_of)
        ids: dict[str, list[AnyArray]] = {}
        for (src_type, _, dst_type), arrays in edges.items():
            ids.setdefault(src_type, []).append(arrays[0])
            ids.setdefault(dst_type, []).append(arrays[1])
        vocabularies = {node_type: Vocabulary.of_arrays(arrays) for node_type, arrays in ids.items()}
        relations = {
            name: Relation.from_edges(
                name,
                src_type,
                dst_type,
                vocabularies[src_type].encode(arrays[0]),
                vocabularies[dst_type].encode(arrays[1]),
                (len(vocabularies[src_type]), len(vocabularies[dst_type])),
                time=times.get(name),
            )
            for (src_type, name, dst_type), arrays in edges.items()
        }
        return cls(as_of, vocabularies, relations, fingerprint=fingerprint(vocabularies, relations, {}))
