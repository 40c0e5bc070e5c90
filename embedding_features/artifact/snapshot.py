"""A snapshot: a folder of tables, codebooks and encoder, seen whole or not at all."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from typing import Any

import pyarrow as pa

from embedding_features.artifact.embeddings import Embeddings, EmbeddingTable, Provenance
from embedding_features.artifact.folder import (
    AGAIN,
    CODEBOOKS,
    ENCODER,
    MANIFEST,
    read_manifest,
    write_folder,
)
from embedding_features.artifact.kinds import Kind
from embedding_features.artifact.manifest import Manifest
from embedding_features.artifact.tables import read_table, table_file, to_embedding_table
from embedding_features.errors import SnapshotError
from embedding_features.files import safe_name, sha256_file


@dataclass(frozen=True)
class Snapshot:
    """A finished snapshot folder.

    Attributes:
        folder: where it lies.
        manifest: what it says of itself.
    """

    folder: Path
    manifest: Manifest

    @classmethod
    def open(cls, folder: str | Path, *, verify: bool = True) -> "Snapshot":
        """Read the manifest and check that the files are there.

        Args:
            verify: also check the SHA-256 of every file.

        Raises:
            SnapshotError: when the folder is no finished snapshot, of an unknown format, or a file is missing
                or altered.
        """
        folder = Path(folder)
        snapshot = cls(folder, read_manifest(folder))
        for name, expected in snapshot.manifest.files.items():
            path = folder / name
            if not path.is_file():
                raise SnapshotError(f"{folder} lacks the file {name}", fix=AGAIN)
            if verify and sha256_file(path) != expected:
                raise SnapshotError(
                    f"{path} is not the file that was written: its SHA-256 differs", fix=AGAIN
                )
        return snapshot

    @property
    def codebooks(self) -> Path:
        """The folder of the codebooks."""
        return self.folder / CODEBOOKS

    @property
    def tables(self) -> list[tuple[str, Kind]]:
        """(node type, kind) of each table."""
        nodes, kinds = sorted(self.manifest.nodes), self.manifest.kinds
        return [(n, k) for n in nodes for k in kinds if table_file(n, k) in self.manifest.files]

    def path(self, node_type: str, kind: Kind) -> Path:
        """The Parquet file of a table.

        Raises:
            SnapshotError: when the snapshot has no such table.
        """
        if (node_type, kind) not in self.tables:
            held = ", ".join(" ".join(table) for table in self.tables)
            raise SnapshotError(f"{self.folder} has no {kind} table of {node_type!r}", fix=f"it has: {held}")
        return self.folder / table_file(node_type, kind)

    def table(self, node_type: str, kind: Kind = "vector") -> pa.Table:
        """A table, read through a memory map, timestamps included."""
        return read_table(self.path(node_type, kind))

    def vectors(self, node_type: str) -> EmbeddingTable:
        """The vectors of a node type, bit for bit those that were written."""
        path = self.path(node_type, "vector")
        return to_embedding_table(read_table(path), node_type, self.manifest.nodes[node_type].catalogue)

    def embeddings(self) -> Embeddings:
        """The vectors of all node types with their provenance, and the encoder where there is one."""
        made = self.manifest
        provenance = Provenance(
            method=made.method,
            config=made.config,
            metric=made.space.metric,
            scorer=made.space.scorer,
            as_of=made.as_of,
            seed=made.seed,
            graph_fingerprint=made.graph_fingerprint,
            edges={name: (e.count, e.first, e.last) for name, e in made.edges.items()},
            figures=made.figures,
            read=made.read,
        )
        encoder = None
        if (self.folder / ENCODER).is_dir():
            from embedding_features.artifact.encoder import load_encoder  # brings torch and numba

            encoder = load_encoder(self.folder / ENCODER)
        return Embeddings({t: self.vectors(t) for t in made.nodes}, provenance, encoder)

    def copy_to(
        self,
        target: Path,
        *,
        published: datetime,
        feature_view_version: int | None = None,
        staging: Path | None = None,
    ) -> "Snapshot":
        """Write this snapshot to the folder ``target`` with its ``created_timestamp`` set to ``published``.

        The same snapshot and moment give the same bytes. When ``target`` holds this snapshot already, as
        after a kill, it is checked and returned as it is.

        Args:
            feature_view_version: recorded in the manifest.
            staging: where the folder is made before it is renamed; see :func:`atomic_folder`.

        Raises:
            SnapshotError: when ``published`` is before ``as_of``, or ``target`` holds something else.
        """
        if target.exists():
            there = Snapshot.open(target)
            if _identity(there.manifest) != _identity(self.manifest):
                raise SnapshotError(
                    f"{target} exists already with other content than {self.folder}",
                    fix="remove one of the two",
                )
            return there
        if published.tzinfo is None or published < self.manifest.as_of:
            raise SnapshotError(
                f"publish time {published.isoformat()} is before as_of {self.manifest.as_of.isoformat()}, or "
                "has no zone",
                fix="publish at as_of plus a delay",
            )
        published = published.astimezone(UTC)
        update = {"published": published, "feature_view_version": feature_view_version}

        def copy_rest(folder: Path) -> None:
            for name in self.manifest.files:
                if name not in tables:
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    copyfile(self.folder / name, folder / name)

        tables = {self.path(*t).name: self.table(*t) for t in self.tables}
        manifest = self.manifest.model_copy(update=update)
        return Snapshot(target, write_folder(target, manifest, tables, copy_rest, staging))


def find_snapshot(root: Path, run_id: str) -> Snapshot | None:
    """The finished snapshot of a run under ``root``, verified; None when there is none yet."""
    folder = root / safe_name(run_id, "run id")
    return Snapshot.open(folder) if folder.exists() else None


def list_snapshots(root: Path) -> list[Snapshot]:
    """All snapshots right under ``root`` in the order of ``as_of``, not verified.

    Folders without a manifest and hidden ones, such as staging, are passed over.

    Raises:
        SnapshotError: when a manifest is broken.
    """
    folders = [path.parent for path in root.glob(f"*/{MANIFEST}") if not path.parent.name.startswith(".")]
    found = [Snapshot.open(folder, verify=False) for folder in folders]
    return sorted(found, key=lambda s: (s.manifest.as_of, s.manifest.run_id))


def _identity(manifest: Manifest) -> dict[str, Any]:
    """What two writings of one snapshot have in common: all but publishing, and what training measured."""
    parts = {"published", "feature_view_version", "files", "figures", "health", "library_version"}
    return manifest.model_dump(mode="json", exclude=parts)
