"""The nearest neighbours of each node, by exact search."""

from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from embedding_features.arrays import F32, I64
from embedding_features.artifact import EmbeddingTable, Kind, Metric
from embedding_features.artifact.metric import as_compared
from embedding_features.derive.base import Derivation, check_finite, lists
from embedding_features.errors import DataError
from embedding_features.progress import SILENT, Progress

_BLOCK = 8192


class Neighbours(Derivation):
    """Derives the k nearest nodes by the metric: ``neighbour_ids`` and ``neighbour_scores``, best first.

    A score is the dot product, the cosine, or under l2 minus the squared distance. A node is not its own
    neighbour. With fewer than k other nodes the lists are shorter.

    Attributes:
        k: neighbours a node.
        target: node type of the neighbours; None for the node's own type.
    """

    table: ClassVar[Kind] = "neighbours"
    kind: Literal["neighbours"] = "neighbours"
    k: int = Field(default=20, ge=1)
    target: str | None = None

    def find(
        self, queries: EmbeddingTable, candidates: EmbeddingTable, metric: Metric, progress: Progress = SILENT
    ) -> dict[str, pa.Array]:
        """Return both columns, with a row for each of ``queries``.

        Raises:
            DataError: when there is no candidate, or a vector holds NaN or infinity.
        """
        own = queries.node_type == candidates.node_type
        k = min(self.k, len(candidates.ids) - own)
        if k < 1:
            raise DataError(
                f"no neighbours of {queries.node_type} among {len(candidates.ids)} vectors",
                fix="leave neighbours out, or take a later moment",
            )
        for table in (queries, candidates):
            check_finite(table.vectors, table.node_type)
        scores, rows = _search(
            as_compared(queries.vectors, metric),
            as_compared(candidates.vectors, metric),
            k,
            metric,
            own,
            progress,
        )
        ids = candidates.ids.take(pa.array(rows.reshape(-1)))
        offsets = pa.array(np.arange(len(rows) + 1) * k, pa.int32())
        return {"neighbour_ids": pa.ListArray.from_arrays(offsets, ids), "neighbour_scores": lists(scores)}


def _search(
    queries: F32, candidates: F32, k: int, metric: Metric, own: bool, progress: Progress
) -> tuple[F32, I64]:
    """Return [n, k] scores and rows, best first; with ``own``, row r is left out for query r."""
    import faiss  # a large library, which whoever reads settings does not need

    index = (faiss.IndexFlatL2 if metric == "l2" else faiss.IndexFlatIP)(candidates.shape[1])
    index.add(candidates)
    scores, rows = np.empty((len(queries), k), np.float32), np.empty((len(queries), k), np.int64)
    with progress.task("neighbours", len(queries)) as advance:
        for start in range(0, len(queries), _BLOCK):
            block = slice(start, min(start + _BLOCK, len(queries)))
            found, at = index.search(queries[block], k + own)
            if own:
                found, at = _without_self(found, at, np.arange(block.start, block.stop))
            scores[block], rows[block] = (-found if metric == "l2" else found), at
            advance(len(at))
    return scores, rows


def _without_self(scores: F32, rows: I64, own: I64) -> tuple[F32, I64]:
    """Return [n, k] of [n, k + 1] without the own row, or where it was not found without the last."""
    drop = rows == own[:, None]
    drop[~drop.any(axis=1), -1] = True
    shape = (len(rows), rows.shape[1] - 1)
    return scores[~drop].reshape(shape), rows[~drop].reshape(shape)
