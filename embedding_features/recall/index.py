"""The index in this process: in memory, or in a folder that is read through memory maps."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from embedding_features.arrays import F32, I64
from embedding_features.artifact import Metric, Snapshot, Space
from embedding_features.ids import Ids, as_ids
from embedding_features.progress import SILENT, Progress
from embedding_features.recall import saved
from embedding_features.recall.catalogue import Catalogue
from embedding_features.recall.exact.exact import ScannedVectors
from embedding_features.recall.filters import find_eligible
from embedding_features.recall.hnsw.graph import HNSWGraph
from embedding_features.recall.hnsw.train import train
from embedding_features.recall.interface import VectorIndex, check_known
from embedding_features.recall.manifest import IndexManifest
from embedding_features.recall.queries import Filter, Hits
from embedding_features.recall.search import search_rows
from embedding_features.recall.settings import Exact, RecallSettings, check_retuning
from embedding_features.recall.source import read_source


class RecallIndex(VectorIndex):
    """Searches vectors in this process; immutable, and made by :meth:`build` or :meth:`load`.

    An approximate one widens its search for filters, and where that would cost more than comparing all that a
    filter leaves, compares it all.

    Attributes:
        catalogue: the ids, by row.

    Example:
        >>> from datetime import UTC, datetime
        >>> from tempfile import TemporaryDirectory
        >>> import numpy as np
        >>> from embedding_features.artifact import write_snapshot
        >>> from embedding_features.graph import Graph
        >>> from embedding_features.methods import spectral
        >>> edges = {("user", "bought", "item"): (np.array([7, 7, 8, 9]), np.array([1, 2, 2, 3]))}  # ids
        >>> graph = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges)
        >>> with TemporaryDirectory() as root:
        ...     snapshot = write_snapshot(spectral(dim=2).fit(graph), Path(root))
        ...     users, items = (RecallIndex.build(snapshot, node_type) for node_type in ("user", "item"))
        >>> hits = items.search(users.vectors_of([7, 8]), k=2, deny=[1])  # item 1 is left out for both
        >>> hits.scores.shape, hits.lists()[0].as_py()
        ((2, 2), [2, 3])
    """

    def __init__(
        self, manifest: IndexManifest, catalogue: Catalogue, vectors: F32, ann_index: Any | None
    ) -> None:
        self.manifest = manifest
        self.catalogue = catalogue
        held = ann_index.vectors if isinstance(ann_index, HNSWGraph) else vectors
        self._vectors = ScannedVectors(held, manifest.space.metric)
        self._ann_index = ann_index

    @classmethod
    def build(
        cls,
        snapshot: Snapshot,
        node_type: str,
        settings: RecallSettings | None = None,
        *,
        metric: Metric | None = None,
        partitions: Mapping[Any, str] | Ids | None = None,
        progress: Progress = SILENT,
    ) -> "RecallIndex":
        """Build an index of all vectors of a node type.

        Args:
            snapshot: where the vectors lie.
            node_type: of the nodes to find.
            settings: the kind of index; :class:`Exact` when None. Approximate ones pay with hundreds of
                thousands of vectors or more.
            metric: the metric the caller counts on; None for whichever the snapshot says.
            partitions: id → domain, or a domain for each id in the snapshot's order; None for none.
            progress: where building is reported.

        Raises:
            CompatibilityError: when ``metric`` is not that of the snapshot's space.
            DataError: when there are no vectors, too few for the settings, or an id has no partition.
            SnapshotError: when the snapshot has no such node type.
        """
        settings = settings or Exact()
        source = read_source(snapshot, node_type, settings, metric=metric, partitions=partitions)
        ann_index = train(settings, source.vectors, source.manifest.space.metric, progress)
        return cls(source.manifest, source.catalogue, source.vectors, ann_index)

    def retuned(self, settings: RecallSettings) -> "RecallIndex":
        """Return the same index, searched by other settings of its kind.

        They may differ in what building does not use: see :attr:`RecallSettings.of_search`.

        Raises:
            ConfigError: when they are of another kind, or differ in what the index was built by.
        """
        check_retuning(self.manifest.settings, settings)
        manifest = self.manifest.model_copy(update={"settings": settings})
        return RecallIndex(manifest, self.catalogue, self._vectors.values, self._ann_index)

    def save(self, folder: str | Path) -> None:
        """Write the index to a new folder, seen whole or not at all.

        Raises:
            SnapshotError: when the folder is there already.
        """
        saved.save(Path(folder), self.manifest, self.catalogue, self._vectors.values, self._ann_index)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        space: Space | None = None,
        run_id: str | None = None,
        verify: bool = True,
    ) -> "RecallIndex":
        """Open a saved index through memory maps.

        Args:
            folder: written by :meth:`save`.
            space: the space the caller's queries are of; None for any.
            run_id: the snapshot the caller counts on; None for any.
            verify: also check the SHA-256 of every file, which reads them whole.

        Raises:
            CompatibilityError: when the index is of another space or snapshot.
            SnapshotError: when the folder is no index, or a file is missing, cut short or altered.
        """
        return cls(*saved.load(Path(folder), space=space, run_id=run_id, verify=verify))

    def _rows_and_vectors(self, ids: Ids) -> tuple[I64, F32]:
        array = as_ids(ids, self.catalogue.ids.type, "ids")
        rows = self.catalogue.rows(array)
        check_known(rows, array, self.manifest)
        return rows, self._vectors.values[rows]

    def _search(self, vectors: F32, k: int, wanted: Filter) -> Hits:
        eligible = find_eligible(self.catalogue, self.manifest, len(vectors), wanted)
        rows, scores = search_rows(
            self._ann_index, self.manifest.settings, self._vectors, vectors, k, eligible
        )
        return Hits(self.catalogue.take(rows.reshape(-1)), rows, scores)
