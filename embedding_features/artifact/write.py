"""From embeddings or features to a snapshot folder."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from embedding_features.artifact.embeddings import Embeddings, EmbeddingTable
from embedding_features.artifact.folder import CODEBOOKS, ENCODER, write_folder
from embedding_features.artifact.kinds import KINDS, Kind
from embedding_features.artifact.manifest import Alignment, CodebookRecord, Manifest, NodeRecord, Space
from embedding_features.artifact.snapshot import Snapshot
from embedding_features.artifact.tables import check_derived, checked_ids, table_file, vector_table
from embedding_features.config import config_hash, parse_config
from embedding_features.errors import CompatibilityError, DataError
from embedding_features.files import safe_name


class SavedCodebook(Protocol):
    """A codebook as a snapshot sees it."""

    @property
    def record(self) -> CodebookRecord: ...

    def save(self, folder: Path) -> None: ...


class DerivedFeatures(Protocol):
    """Derived tables as a snapshot sees them; see :class:`.Features`."""

    @property
    def embeddings(self) -> Embeddings: ...

    @property
    def space(self) -> Space: ...

    @property
    def tables(self) -> Mapping[tuple[str, Kind], pa.Table]: ...

    @property
    def codebooks(self) -> Sequence[SavedCodebook]: ...

    @property
    def recipe(self) -> Mapping[str, Any]: ...


def run_id(
    method: str,
    as_of: datetime,
    *,
    config: Mapping[str, Any],
    seed: int,
    graph_fingerprint: str,
    parent: str | None = None,
    derived: Mapping[str, Any] | None = None,
) -> str:
    """``<method>-<as_of>-<10 hex digits of everything the result depends on>``.

    Known before the work is done, so a rerun finds its own result.

    Args:
        config: the method's resolved composition.
        parent: run id of the snapshot it continues.
        derived: the recipe of the derived tables (``Features.recipe``); empty for vectors alone.
    """
    moment = as_of.astimezone(UTC)
    inputs = [
        moment.isoformat(),
        config_hash(dict(config)),
        seed,
        graph_fingerprint,
        parent,
        dict(derived or {}),
    ]
    digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
    return f"{safe_name(method, 'method')}-{moment:%Y%m%dT%H%M%SZ}-{digest[:10]}"


def write_snapshot(
    content: Embeddings | DerivedFeatures,
    root: Path,
    *,
    space: Space | None = None,
    parent: str | None = None,
    alignment: Alignment | None = None,
    health: Mapping[str, Mapping[str, float]] | None = None,
) -> Snapshot:
    """Write ``root/<run id>``, whole or not at all; ``created_timestamp`` stays null until it is published.

    Args:
        space: what the vectors live in; by default the space of the features, or the method's first one.
        parent: run id of the snapshot this one continues.
        health: node type → figure → value, from :func:`.check_health`.

    Raises:
        DataError: on NaN, infinity, null or duplicate ids, tables of different dim, or derived tables of
            other ids.
        CompatibilityError: when ``space`` is not one of these vectors.
        SnapshotError: when the run has been written already.

    Example:
        >>> from datetime import UTC, datetime
        >>> from tempfile import TemporaryDirectory
        >>> import numpy as np
        >>> from embedding_features.graph import Graph
        >>> from embedding_features.methods import spectral
        >>> edges = {("user", "bought", "item"): (np.array([7, 7, 8, 9]), np.array([1, 2, 2, 3]))}  # ids
        >>> graph = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges)
        >>> with TemporaryDirectory() as root:
        ...     snapshot = write_snapshot(spectral(dim=2).fit(graph), Path(root))
        ...     sorted(snapshot.manifest.files)
        ['item_vector.parquet', 'user_vector.parquet']
    """
    embeddings, derived = (
        (content, None) if isinstance(content, Embeddings) else (content.embeddings, content)
    )
    _check_space(embeddings, derived, space)
    space = space or (derived.space if derived else Space.of(embeddings))
    tables = _tables(embeddings, derived)
    manifest = _manifest(embeddings, derived, space, parent, alignment, health or {}, list(tables))

    def write_rest(folder: Path) -> None:
        if derived and derived.codebooks:
            (folder / CODEBOOKS).mkdir()
            for codebook in derived.codebooks:
                codebook.save(folder / CODEBOOKS)
        if embeddings.encoder is not None:
            from embedding_features.artifact.encoder import export_encoder  # brings torch and numba

            export_encoder(embeddings.encoder, folder / ENCODER)

    folder, files = root / manifest.run_id, {table_file(*key): table for key, table in tables.items()}
    return Snapshot(folder, write_folder(folder, manifest, files, write_rest))


def _check_space(embeddings: Embeddings, derived: DerivedFeatures | None, space: Space | None) -> None:
    dims = {node_type: table.dim for node_type, table in embeddings.tables.items()}
    if len(set(dims.values())) != 1:
        raise DataError(f"tables of different dim: {dims}", fix="embed all node types in one space")
    of = Space.of(embeddings)
    same = ("dim", "metric", "scorer")
    if space and any(getattr(space, name) != getattr(of, name) for name in same):
        raise CompatibilityError(
            f"vectors of {of} cannot be in {space}", fix="open a new version of the space"
        )
    if space and derived and derived.space != space:
        raise CompatibilityError(f"features derived in {derived.space} cannot be in {space}")


def _tables(embeddings: Embeddings, derived: DerivedFeatures | None) -> dict[tuple[str, Kind], pa.Table]:
    tables: dict[tuple[str, Kind], pa.Table] = {}
    for node_type, table in embeddings.tables.items():
        safe_name(node_type, "node type")
        tables[node_type, "vector"] = vector_table(table)
    for (node_type, kind), table in (derived.tables if derived else {}).items():
        if (node_type, "vector") not in tables:
            raise DataError(f"{kind} of {node_type!r}, a node type without vectors")
        check_derived(table, tables[node_type, "vector"], f"{kind} of {node_type}")
        tables[node_type, kind] = table
    return tables


def _manifest(
    embeddings: Embeddings,
    derived: DerivedFeatures | None,
    space: Space,
    parent: str | None,
    alignment: Alignment | None,
    health: Mapping[str, Mapping[str, float]],
    tables: Sequence[tuple[str, Kind]],
) -> Manifest:
    made = embeddings.provenance
    config, recipe = dict(made.config), dict(derived.recipe) if derived else {}
    values = {
        "run_id": run_id(
            made.method,
            made.as_of,
            config=config,
            seed=made.seed,
            graph_fingerprint=made.graph_fingerprint,
            parent=parent,
            derived=recipe,
        ),
        "library_version": version("embedding-features"),
        "method": made.method,
        "config": config,
        "config_hash": config_hash(config),
        "seed": made.seed,
        "as_of": made.as_of,
        "space": space,
        "parent": parent,
        "alignment": alignment,
        "graph_fingerprint": made.graph_fingerprint,
        "edges": {
            name: {"count": count, "first": first, "last": last}
            for name, (count, first, last) in made.edges.items()
        },
        "read": {source: dict(files) for source, files in made.read.items()},
        "nodes": {node_type: _node(table) for node_type, table in embeddings.tables.items()},
        "kinds": [kind for kind in KINDS if any(kind == k for _, k in tables)],
        "derived": recipe,
        "codebooks": [codebook.record for codebook in derived.codebooks] if derived else [],
        "figures": dict(made.figures),
        "health": {node_type: dict(figures) for node_type, figures in health.items()},
    }
    return parse_config(values, Manifest, "the manifest of this snapshot")


def _node(table: EmbeddingTable) -> NodeRecord:
    ids = checked_ids(table)
    id_type = "string" if ids.is_string else "int64"
    return NodeRecord(count=len(ids), catalogue=table.catalogue, id_type=id_type, ids_hash=ids.hash)
