"""The first stage: the nearest nodes of ids or vectors."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from embedding_features.arrays import F32
from embedding_features.errors import DataError, StoreError
from embedding_features.recall import Hits
from embedding_features.store import EmbeddingFeatures
from ranking.service.answers import Neighbours
from ranking.service.errors import StoreUnavailable
from ranking.service.requests import RecallRequest
from ranking.service.settings import CandidateSettings

#: searches at once. An index that is built on the way holds them up, and nobody else
THREADS = 2


class CandidateSearch:
    """Searches the indexes of a client of the store.

    Args:
        client: of the store whose vectors are searched.
        settings: which vectors are searched, and for how long.
    """

    def __init__(self, client: EmbeddingFeatures, settings: CandidateSettings) -> None:
        self._client, self._settings = client, settings
        self._pool = ThreadPoolExecutor(THREADS, "recall")

    async def search(self, request: RecallRequest, node_types: frozenset[str]) -> list[Neighbours]:
        """Return the nearest nodes of each query of a request.

        Args:
            request: the queries and what is searched.
            node_types: those that have vectors.

        Raises:
            StoreUnavailable: when ids, or the snapshot that is searched, cannot be read in time.
            DataError, CompatibilityError: when the request breaks a rule of the index.
        """
        for node_type in filter(None, (request.node_type, request.by)):
            if node_type not in node_types:
                raise DataError(
                    f"there are no vectors of {node_type!r}", fix=f"ask for one of {sorted(node_types)}"
                )
        if not (request.ids or request.vectors):
            return []
        queries = request.ids if request.vectors is None else _matrix(request.vectors)
        options = {name: getattr(request, name) for name in ("by", "allow", "deny", "domain")}
        return _neighbours(await self._hits(queries, request.k, request.node_type, **options))

    async def items_of_user(self, user: int | str, k: int, deny: Sequence[int] | Sequence[str]) -> Neighbours:
        """Return the nearest items of a user, none of them denied.

        Raises:
            StoreUnavailable, DataError: as :meth:`search`.
        """
        user_type, item_type = self._settings.user, self._settings.item
        (found,) = _neighbours(await self._hits([user], k, item_type, by=user_type, deny=deny or None))
        return found

    async def _hits(self, queries: Any, k: int, node_type: str, **options: Any) -> Hits:
        work = partial(self._client.recall, queries, k, node_type, service=self._settings.service, **options)
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except (StoreError, OSError, TimeoutError) as error:
            raise StoreUnavailable from error

    def warm(self) -> None:
        """Load or build the index of the items, and search it once.

        Raises:
            EmbeddingFeaturesError: when there is none.
        """
        item, service = self._settings.item, self._settings.service
        index = self._client.index(item, service=service)
        zeros = np.zeros((1, index.manifest.space.dim), np.float32)
        self._client.recall(zeros, 1, item, service=service, deny=[[]])

    def close(self) -> None:
        """Cancel the searches that have not begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _matrix(vectors: Sequence[Sequence[float]]) -> F32:
    """[q, dim] float32; a number too large for it becomes infinite, which the index refuses."""
    with np.errstate(over="ignore"):
        return np.array(vectors, np.float32)


def _neighbours(hits: Hits) -> list[Neighbours]:
    counts = (hits.rows >= 0).sum(axis=1).tolist()  # where there are fewer than k, the last places are empty
    ids, width = hits.ids.to_pylist(), hits.rows.shape[1]
    return [
        Neighbours(ids=ids[row * width : row * width + count], scores=hits.scores[row, :count].tolist())
        for row, count in enumerate(counts)
    ]
