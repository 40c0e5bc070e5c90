"""Learned codebooks, which know the space that they belong to, and their files."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from pydantic import SerializeAsAny, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from embedding_features.arrays import F32
from embedding_features.artifact import CodebookRecord, EmbeddingTable, Snapshot, Space
from embedding_features.artifact.metric import as_compared
from embedding_features.config import Config
from embedding_features.derive.base import Arrays, CodebookSpec, check_finite
from embedding_features.errors import CompatibilityError, DataError, SnapshotError


class _File(Config):
    """Holds what stands beside the arrays as JSON."""

    id: str
    space: Space
    node_type: str
    spec: SerializeAsAny[CodebookSpec]


@dataclass(frozen=True)
class Codebook:
    """Holds what was learned from one node type's vectors, and encodes later vectors of the same space.

    Attributes:
        spec: what it was learned by.
        space: where its codes mean something.
        node_type: whose vectors it was learned from.
        arrays: what was learned.
    """

    spec: CodebookSpec
    space: Space
    node_type: str
    arrays: Arrays

    @classmethod
    def fit(cls, spec: CodebookSpec, table: EmbeddingTable, space: Space, seed: int) -> "Codebook":
        """Learn a codebook from a table's vectors and return it.

        Raises:
            DataError: when there are no vectors, or one holds NaN or infinity.
            CompatibilityError: when the vectors are of another dim than the space.
        """
        if not len(table.vectors):
            raise DataError(f"no {table.node_type} vectors to learn {spec.column} from")
        _check_vectors(table.vectors, space, f"{spec.column} of {table.node_type}")
        return cls(spec, space, table.node_type, spec.learn(as_compared(table.vectors, space.metric), seed))

    def apply(self, vectors: F32, space: Space) -> dict[str, pa.Array]:
        """Return column name → a row for each of ``vectors`` [n, dim] of ``space``. Nothing is refitted.

        Raises:
            CompatibilityError: when the codebook is stale: of another space or dim.
            DataError: when a vector holds NaN or infinity.
        """
        if space != self.space:
            raise CompatibilityError(
                f"stale codebook {self.id}: it belongs to the space {self.space}, the vectors to {space}",
                fix=f"learn new codebooks for {space.id}",
            )
        _check_vectors(vectors, space, self.id)
        return self.spec.encode(self.arrays, as_compared(vectors, space.metric))

    @cached_property
    def id(self) -> str:
        """The identity: ``<space>.<node type>.<column>.<12 hex digits of space, spec and arrays>``."""
        head = {"space": self.space.model_dump(), "spec": self.spec.model_dump(), "node_type": self.node_type}
        digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode())
        for name in sorted(self.arrays):
            array = np.ascontiguousarray(self.arrays[name])
            digest.update(f"{name} {array.dtype.str} {array.shape}".encode() + array.tobytes())
        return f"{self.space.id}.{self.node_type}.{self.spec.column}.{digest.hexdigest()[:12]}"

    @property
    def record(self) -> CodebookRecord:
        """The codebook as a manifest records it."""
        return CodebookRecord(
            id=self.id,
            kind=self.spec.table,
            node_type=self.node_type,
            column=self.spec.column,
            spec=self.spec.model_dump(),
        )

    @property
    def name(self) -> str:
        """The name of its files, without suffix."""
        return f"{self.node_type}_{self.spec.column}"

    def save(self, folder: Path) -> None:
        """Write ``<type>_<column>.safetensors`` and ``.json`` into ``folder``."""
        # Bytes, not save_file: that makes files only their owner may read.
        arrays = save({name: np.ascontiguousarray(array) for name, array in self.arrays.items()})
        (folder / f"{self.name}.safetensors").write_bytes(arrays)
        about = _File(id=self.id, space=self.space, node_type=self.node_type, spec=self.spec)
        (folder / f"{self.name}.json").write_text(about.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, name: str) -> "Codebook":
        """Return the codebook that :meth:`save` wrote under ``name``.

        Raises:
            SnapshotError: when a file is missing, malformed, or not what the id was made from.
        """
        path = folder / f"{name}.json"
        try:
            about = _File.model_validate_json(path.read_bytes())
            arrays = load_file(path.with_suffix(".safetensors"))
        except (OSError, ValidationError, SafetensorError) as error:
            raise SnapshotError(f"no codebook at {path}: {error}", fix="derive the snapshot again") from None
        codebook = cls(about.spec, about.space, about.node_type, arrays)
        if codebook.id != about.id:
            raise SnapshotError(
                f"{path} says codebook {about.id}, its content is {codebook.id}",
                fix="derive the snapshot again",
            )
        return codebook


def load_codebooks(snapshot: Snapshot) -> list[Codebook]:
    """Return all codebooks of a snapshot."""
    records = snapshot.manifest.codebooks
    return [Codebook.load(snapshot.codebooks, f"{record.node_type}_{record.column}") for record in records]


def _check_vectors(vectors: F32, space: Space, name: str) -> None:
    if vectors.ndim != 2 or vectors.shape[1] != space.dim:
        raise CompatibilityError(
            f"{name}: vectors {vectors.shape} in the space {space}", fix=f"give it vectors of dim {space.dim}"
        )
    check_finite(vectors, name)
