"""Recall for a client: the index of the snapshot that is served, and vectors that come from online reads."""

import logging
import shutil
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32, I64
from embedding_features.artifact import Snapshot, Space
from embedding_features.config import config_hash
from embedding_features.errors import CompatibilityError, SnapshotError
from embedding_features.files import safe_name, sweep_staging
from embedding_features.ids import as_ids
from embedding_features.recall import Exact, Hits, Ids, Queries, RecallIndex, RecallSettings
from embedding_features.store.client.pinned_vectors import PinnedVectors
from embedding_features.store.client.plans import Plans
from embedding_features.store.online_stores.rows import Rows

_log = logging.getLogger(__name__)


class ClientRecall:
    """Keeps the indexes of a repository below ``data/recall/<run id>/``, for any number of threads.

    A folder's name says its node type, settings and domains, so an index never changes: who is pinned to
    another run takes another one. Where nothing may be written, an index is this process's own, in memory.
    """

    def __init__(
        self, repo: Path, settings: RecallSettings | None, domains: Mapping[str, Mapping[Any, str]]
    ) -> None:
        self.root = repo / "data" / "recall"
        self._settings, self._lock = settings or Exact(), threading.Lock()
        self._domains = {node_type: dict(names) for node_type, names in domains.items()}
        self._open: dict[tuple[str, str], RecallIndex] = {}
        self._spaces: dict[Path, Space] = {}

    def index(self, vectors: PinnedVectors, plans: Plans) -> RecallIndex:
        """Return the index of a snapshot's vectors, loaded or built once.

        Raises:
            SnapshotError: when the snapshot, or an index on disk, is missing or damaged.
        """
        name = (vectors.run_id, vectors.node_type)
        found = self._open.get(name)
        if found is None:
            with self._lock:
                found = self._open.get(name) or self._opened(vectors, plans)
                kept = {key: index for key, index in self._open.items() if key[0] in plans.runs()}
                self._open = {**kept, name: found}
        return found

    def _opened(self, vectors: PinnedVectors, plans: Plans) -> RecallIndex:
        domains = self._domains.get(vectors.node_type)
        made_of = {
            "settings": self._settings.model_dump(mode="json"),
            "domains": sorted((repr(key), name) for key, name in (domains or {}).items()),
        }
        node_type = safe_name(vectors.node_type, "node type")
        folder = self.root / safe_name(vectors.run_id, "run id") / f"{node_type}-{config_hash(made_of)[:12]}"
        with suppress(PermissionError):  # a folder that may not be looked into has none for us
            if folder.exists():
                return RecallIndex.load(folder, run_id=vectors.run_id)
        snapshot = Snapshot.open(vectors.folder, verify=False)
        index = RecallIndex.build(snapshot, vectors.node_type, self._settings, partitions=domains)
        try:
            index.save(folder)
        except SnapshotError:  # another process was faster
            if not folder.exists():
                raise
        except OSError as error:
            _log.warning("the recall index stays in memory, %s cannot be written: %s", folder, error)
            return index
        self._sweep(plans.runs() | {vectors.run_id})
        return RecallIndex.load(folder, run_id=vectors.run_id)

    def _sweep(self, runs: set[str]) -> None:
        """Remove the indexes of runs that no service names any more; who has one mapped keeps it."""
        for folder in self.root.glob("[!.]*"):
            sweep_staging(folder)
            if folder.name not in runs:
                shutil.rmtree(folder, ignore_errors=True)

    def search(
        self,
        index: RecallIndex,
        source: PinnedVectors,
        rows: Rows,
        ids: Ids,
        k: int,
        *,
        allow: Ids | None,
        deny: Ids | None,
        domain: str | None,
    ) -> Hits:
        """Return the best k for online rows of ``ids``: none for those not found, never a node for itself."""
        queries = Queries(self._space(source.folder), _matrix(rows, source))
        itself = index.manifest.node_type == source.node_type
        hits = index.search(queries, k + itself, allow=allow, deny=deny, partition=domain)
        found, scores = hits.rows, hits.scores
        if itself:
            own = index.catalogue.rows(as_ids(ids, index.catalogue.ids.type, "ids"))
            found, scores = _without(own, found, scores)
        found, scores = found.copy(), scores.copy()
        found[~rows.found], scores[~rows.found] = -1, -np.inf
        return Hits(index.catalogue.take(found.reshape(-1)), found, scores)

    def _space(self, folder: Path) -> Space:
        if folder not in self._spaces:
            self._spaces[folder] = Snapshot.open(folder, verify=False).manifest.space
        return self._spaces[folder]

    def close(self) -> None:
        """Let go of the indexes."""
        with self._lock:
            self._open = {}


def _matrix(rows: Rows, source: PinnedVectors) -> F32:
    """Return [n, dim] float32: the vectors read, zeros where there are none.

    Raises:
        CompatibilityError: when a vector is of another length.
    """
    values = rows.arrays[source.feature]
    if isinstance(values, pa.Array):
        matrix = np.zeros((len(values), source.dim), np.float32)
        for row in np.flatnonzero(rows.found):
            vector = values[int(row)].as_py()
            if len(vector) != source.dim:
                raise CompatibilityError(
                    f"a vector of {source.ref} has {len(vector)} values, not {source.dim}",
                    fix="push vectors of the space that is served",
                )
            matrix[row] = vector
        return matrix
    return np.where(rows.found[:, None], values, np.float32(0)).astype(np.float32, copy=False)


def _without(own: I64, rows: I64, scores: F32) -> tuple[I64, F32]:
    """Return [q, k] of [q, k + 1] hits: without the query's own row, or else without the last."""
    dropped = (rows == own[:, None]) & (own >= 0)[:, None]
    dropped[~dropped.any(axis=1), -1] = True
    shape = (len(rows), rows.shape[1] - 1)
    return rows[~dropped].reshape(shape), scores[~dropped].reshape(shape)
