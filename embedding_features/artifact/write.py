"""How embeddings or features become a snapshot folder."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from embedding_features.artifact.derived import DerivedFeatures
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.artifact.fold_in import write_fold_ins
from embedding_features.artifact.folder import CODEBOOKS, ENCODER, FOLD_IN, write_folder
from embedding_features.artifact.kinds import Kind
from embedding_features.artifact.make_manifest import make_manifest
from embedding_features.artifact.manifest import Alignment, FreshRecord, Space
from embedding_features.artifact.snapshot import Snapshot
from embedding_features.artifact.tables import check_derived, table_file, vector_table
from embedding_features.errors import CompatibilityError, DataError
from embedding_features.files import safe_name


def write_snapshot(
    content: Embeddings | DerivedFeatures,
    root: Path,
    *,
    space: Space | None = None,
    parent: str | None = None,
    alignment: Alignment | None = None,
    health: Mapping[str, Mapping[str, float]] | None = None,
    fresh: Mapping[str, FreshRecord] | None = None,
) -> Snapshot:
    """Write ``root/<run id>``, whole or not at all; ``created_timestamp`` stays null until it is published.

    Args:
        content: vectors, or vectors with features derived from them.
        root: folder of the snapshots.
        space: what the vectors live in; by default the space of the features, or the method's first one.
        parent: run id of the snapshot this one continues.
        alignment: how the vectors were brought into the parent's space.
        health: node type → figure → value, from :func:`.check_health`.
        fresh: node type → how near fresh vectors are to stored ones, from :func:`.fresh_records`.

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
        ['fold_in/fold_in.json', 'fold_in/fold_in.safetensors', 'item_vector.parquet', 'user_vector.parquet']
    """
    embeddings, derived = (
        (content, None) if isinstance(content, Embeddings) else (content.embeddings, content)
    )
    _check_space(embeddings, derived, space)
    space = space or (derived.space if derived else Space.of(embeddings))
    tables = _tables(embeddings, derived)
    manifest = make_manifest(
        embeddings, derived, space, parent, alignment, health or {}, fresh or {}, list(tables)
    )

    def write_rest(folder: Path) -> None:
        if derived and derived.codebooks:
            (folder / CODEBOOKS).mkdir()
            for codebook in derived.codebooks:
                codebook.save(folder / CODEBOOKS)
        if embeddings.encoder is not None:
            from embedding_features.artifact.encoder import export_encoder  # brings torch and numba

            export_encoder(embeddings.encoder, folder / ENCODER)
        if embeddings.fold_ins:
            write_fold_ins(embeddings.fold_ins, folder / FOLD_IN)

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
