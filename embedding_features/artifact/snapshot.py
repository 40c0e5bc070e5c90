"""Snapshots: folders of tables, codebooks and an encoder, seen whole or not at all."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING

import pyarrow as pa

from embedding_features.artifact.embeddings import Embeddings, EmbeddingTable
from embedding_features.artifact.fold_in import FoldIns, read_fold_ins
from embedding_features.artifact.folder import (
    AGAIN,
    CODEBOOKS,
    ENCODER,
    FOLD_IN,
    read_manifest,
    write_folder,
)
from embedding_features.artifact.identity import same_run
from embedding_features.artifact.kinds import Kind
from embedding_features.artifact.manifest import Manifest
from embedding_features.artifact.tables import read_table, table_file, to_embedding_table
from embedding_features.errors import SnapshotError
from embedding_features.records import check_files

if TYPE_CHECKING:
    from embedding_features.encoders import Network


@dataclass(frozen=True)
class Snapshot:
    """Reads and copies a finished snapshot folder.

    Attributes:
        folder: where it lies.
        manifest: what it says of itself.
    """

    folder: Path
    manifest: Manifest

    @classmethod
    def open(cls, folder: str | Path, *, verify: bool = True) -> "Snapshot":
        """Return the snapshot of a folder, once its files are checked against the manifest.

        Args:
            folder: the folder of the snapshot.
            verify: also check the SHA-256 of every file, which reads them all; off, that they are there.

        Raises:
            SnapshotError: when the folder is no finished snapshot, of an unknown format, or a file is missing
                or altered.
        """
        folder = Path(folder)
        snapshot = cls(folder, read_manifest(folder))
        files = snapshot.manifest.files
        check_files(folder, files, error=SnapshotError, again=AGAIN, verify=verify)
        return snapshot

    @property
    def codebooks(self) -> Path:
        """The folder of the codebooks."""
        return self.folder / CODEBOOKS

    @property
    def tables(self) -> list[tuple[str, Kind]]:
        """(Node type, kind) of each table."""
        nodes, kinds = sorted(self.manifest.nodes), self.manifest.kinds
        return [(n, k) for n in nodes for k in kinds if table_file(n, k) in self.manifest.files]

    def path(self, node_type: str, kind: Kind) -> Path:
        """Return the path of a table's Parquet file.

        Raises:
            SnapshotError: when the snapshot has no such table.
        """
        if (node_type, kind) not in self.tables:
            held = ", ".join(" ".join(table) for table in self.tables)
            raise SnapshotError(f"{self.folder} has no {kind} table of {node_type!r}", fix=f"it has: {held}")
        return self.folder / table_file(node_type, kind)

    def table(self, node_type: str, kind: Kind = "vector") -> pa.Table:
        """Return a table, read through a memory map, timestamps included."""
        return read_table(self.path(node_type, kind))

    def vectors(self, node_type: str) -> EmbeddingTable:
        """Return the vectors of a node type, bit for bit those that were written."""
        path = self.path(node_type, "vector")
        return to_embedding_table(read_table(path), node_type, self.manifest.nodes[node_type].catalogue)

    def fold_ins(self) -> FoldIns:
        """Return how nodes are folded in, by node type and purpose; nothing where the snapshot has none.

        Raises:
            SnapshotError: when a file is missing or malformed.
        """
        folder = self.folder / FOLD_IN
        return read_fold_ins(folder) if folder.is_dir() else {}

    def encoder(self) -> "Network | None":
        """Return the network that made the vectors, in the mode of evaluation; None where it has none.

        Raises:
            SnapshotError: when a file is missing or malformed.
        """
        if not (self.folder / ENCODER).is_dir():
            return None
        from embedding_features.artifact.encoder import load_encoder  # brings torch and numba

        return load_encoder(self.folder / ENCODER)

    def embeddings(self) -> Embeddings:
        """Return the vectors of all node types with their provenance, encoder and fold-ins, if there are."""
        tables = {node_type: self.vectors(node_type) for node_type in self.manifest.nodes}
        return Embeddings(tables, self.manifest.provenance(), self.encoder(), self.fold_ins())

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
            target: the folder to write.
            published: the moment from which the features may be used; zone-aware, not before ``as_of``.
            feature_view_version: recorded in the manifest; None where no feature view has a version yet.
            staging: where the folder is made before it is renamed; see :func:`atomic_folder`.

        Raises:
            SnapshotError: when ``published`` is before ``as_of``, or ``target`` holds something else.
        """
        if target.exists():
            there = Snapshot.open(target)
            if not same_run(there.manifest, self.manifest):
                raise SnapshotError(
                    f"{target} exists already with other content than {self.folder}",
                    fix="remove one of the two",
                )
            return there
        self._check_published(published)
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

    def _check_published(self, published: datetime) -> None:
        if published.tzinfo is None or published < self.manifest.as_of:
            raise SnapshotError(
                f"publish time {published.isoformat()} is before as_of {self.manifest.as_of.isoformat()}, or "
                "has no zone",
                fix="publish at as_of plus a delay",
            )
