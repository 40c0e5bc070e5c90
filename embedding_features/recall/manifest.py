"""The manifest of an index: what it was built from, and its files."""

from typing import Literal, TypeAlias

from pydantic import AwareDatetime, SerializeAsAny

from embedding_features.artifact import Space
from embedding_features.config import Config
from embedding_features.errors import DataError
from embedding_features.recall.settings import RecallSettings

FileName: TypeAlias = Literal[
    "ids.arrow", "vectors.npy", "index.faiss", "codes.npy", "scales.npy", "entries.npy"
]


class FileRecord(Config):
    """The size and digest of a file as it was written."""

    bytes: int
    sha256: str


class IndexManifest(Config):
    """Describes what an index was built from, and how.

    Attributes:
        format: version of this format.
        library_version: of embedding-features.
        run_id: the snapshot.
        as_of: the moment that the snapshot knows the world of.
        space: of the vectors.
        node_type: of the nodes.
        id_type: of their ids.
        settings: kind of index.
        count: number of vectors.
        partitions: name → its first row and the row after its last. Rows are ordered by partition, then id.
        files: name → the file as it was written; empty for an index that was not saved.
    """

    format: Literal[1] = 1
    library_version: str
    run_id: str
    as_of: AwareDatetime
    space: Space
    node_type: str
    id_type: Literal["int64", "string"]
    settings: SerializeAsAny[RecallSettings]
    count: int
    partitions: dict[str, tuple[int, int]] = {}
    files: dict[FileName, FileRecord] = {}

    def span(self, partition: str | None) -> tuple[int, int]:
        """Return first row and row after the last of a partition, or of all for None.

        Raises:
            DataError: when there is no such partition.
        """
        if partition is None:
            return 0, self.count
        if partition not in self.partitions:
            held = f"it has {', '.join(sorted(self.partitions))}" if self.partitions else "build it with some"
            raise DataError(f"the index has no partition {partition!r}", fix=held)
        return self.partitions[partition]
