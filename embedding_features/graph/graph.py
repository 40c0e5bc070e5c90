"""The heterogeneous graph as of one moment: vocabularies, typed relations in both directions, node tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from embedding_features.arrays import F32, I32, I64, AnyArray
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.fingerprint import fingerprint
from embedding_features.graph.report import BuildReport
from embedding_features.graph.schema import GraphSchema
from embedding_features.graph.vocabulary import Vocabulary
from embedding_features.progress import SILENT, Progress
from embedding_features.sources.moment import as_moment, check_time, times_array


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
        return cls(name, src_type, dst_type, forward, forward.transposed())


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
    """

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
        """A graph from id arrays, for notebooks and tests; files go through :meth:`build`.

        Args:
            edges: (source type, relation, destination type) → (source ids, destination ids[, times]); times
                are integers, µs since 1970 UTC, or datetime64 in UTC.

        Raises:
            GraphError: when as_of has no zone, or ids or times are unfit.
            LeakError: when an edge is later than as_of.
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

    @classmethod
    def build(
        cls,
        schema: GraphSchema | str | Path,
        as_of: datetime | str,
        parent: "Graph | None" = None,
        progress: Progress = SILENT,
        memory_limit: str | None = None,
        threads: int | None = None,
    ) -> "Graph":
        """The graph that a schema's logs held at ``as_of``; :mod:`.schema` states the rules.

        Args:
            schema: a schema, or the path of its YAML file.
            as_of: zone-aware moment or ISO 8601 text; no row later than it is used.
            parent: an earlier graph whose nodes keep their rows; new ids come after them, ascending.
            progress: who watches.
            memory_limit: of DuckDB, e.g. ``"4GB"``; what does not fit spills to disk.
            threads: of DuckDB; None for one a core.

        Raises:
            ConfigError: when the schema file is missing or wrong.
            GraphError: when data breaks a rule of the schema, a relation is empty as of T, or the parent is
                later than as_of.
        """
        from embedding_features.graph.build import build_graph

        return build_graph(schema, as_of, parent, progress, memory_limit, threads)

    def save(self, folder: str | Path) -> None:
        """Write the graph as a folder that is seen whole or not at all.

        Raises:
            SnapshotError: when ``folder`` exists.
            ConfigError: when a node type's or relation's name cannot be a file's.
        """
        from embedding_features.graph.storage import save_graph

        save_graph(self, Path(folder))

    @classmethod
    def load(cls, folder: str | Path) -> "Graph":
        """A saved graph, memory-mapped: read-only arrays that take no memory until they are touched.

        Raises:
            SnapshotError: when a file is missing, truncated or altered; the message names it.
        """
        from embedding_features.graph.storage import load_graph

        return load_graph(Path(folder))
