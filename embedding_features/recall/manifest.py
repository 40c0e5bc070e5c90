"""What an index says of itself."""

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
    """A file as it was written."""

    bytes: int
    sha256: str


class IndexManifest(Config):
    """What an index was built from and how. ``count`` is the number of vectors, ``partitions`` maps a name to
    its first row and the row after its last; a row is a vector's place by partition, then id."""

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
        """First row and row after the last of a partition, or of all.

        Raises:
            DataError: when there is no such partition.
        """
        if partition is None:
            return 0, self.count
        if partition not in self.partitions:
            held = f"it has {', '.join(sorted(self.partitions))}" if self.partitions else "build it with some"
            raise DataError(f"the index has no partition {partition!r}", fix=held)
        return self.partitions[partition]
