"""Derived features as a snapshot sees them; what makes them stands above and is not imported here."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from embedding_features.artifact.embeddings import Embeddings
from embedding_features.artifact.kinds import Kind
from embedding_features.artifact.manifest import CodebookRecord, Space


class SavedCodebook(Protocol):
    """A codebook that can be saved beside the tables."""

    @property
    def record(self) -> CodebookRecord:
        """Return the codebook as a manifest records it."""
        ...

    def save(self, folder: Path) -> None:
        """Write the codebook's files into ``folder``."""
        ...


class DerivedFeatures(Protocol):
    """Embeddings with tables that were derived from them; see :class:`.Features`."""

    @property
    def embeddings(self) -> Embeddings:
        """The vectors."""
        ...

    @property
    def space(self) -> Space:
        """The space of the vectors."""
        ...

    @property
    def tables(self) -> Mapping[tuple[str, Kind], pa.Table]:
        """(Node type, kind) → derived table."""
        ...

    @property
    def codebooks(self) -> Sequence[SavedCodebook]:
        """The codebooks that columns refer to."""
        ...

    @property
    def recipe(self) -> Mapping[str, Any]:
        """All that the tables depend on beside the vectors, ready for JSON."""
        ...
