"""The first stage: the nearest nodes of ids or vectors."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32
from embedding_features.errors import CompatibilityError, DataError, NoHistoriesError, StoreError
from embedding_features.fresh import NodeEvents
from embedding_features.recall import Hits
from embedding_features.store import EmbeddingFeatures
from ranking.service.answers import Neighbours
from ranking.service.errors import StoreUnavailable
from ranking.service.requests import RecallRequest
from ranking.service.settings import CandidateSettings

T = TypeVar("T")

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

    async def items_of_user(
        self, user: int | str, k: int, deny: Sequence[int] | Sequence[str], events: NodeEvents | None = None
    ) -> Neighbours:
        """Return the nearest items of a user's latest events, or else of her vector; none of them denied.

        Args:
            user: id, which no snapshot need know.
            k: items wanted.
            deny: ids of items that are not.
            events: hers; None reads those that the online store keeps.

        Raises:
            StoreUnavailable, DataError: as :meth:`search`.
        """
        user_type, item_type = self._settings.user, self._settings.item
        vector = await self._in_time(partial(self._query_of_events, user, events))
        if vector is None:
            hits = await self._hits([user], k, item_type, by=user_type, deny=deny or None)
        else:
            hits = await self._hits(vector[None], k, item_type, deny=deny or None)
        (found,) = _neighbours(hits)
        return found

    def _query_of_events(self, user: int | str, events: NodeEvents | None) -> F32 | None:
        """Return the vector of a user's latest events; None without any, and where none can be made."""
        settings = self._settings
        # a repository that keeps no histories, or a snapshot of an earlier version, which has no fold-ins
        with suppress(NoHistoriesError, CompatibilityError):
            return self._client.query_vector(
                user, events=events, node_type=settings.user, service=settings.service
            )
        return None

    async def _hits(self, queries: Any, k: int, node_type: str, **options: Any) -> Hits:
        service = self._settings.service
        return await self._in_time(
            partial(self._client.recall, queries, k, node_type, service=service, **options)
        )

    async def _in_time(self, work: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except (StoreError, OSError, TimeoutError) as error:
            raise StoreUnavailable from error

    def warm(self) -> None:
        """Load or build the index of the items, and search it once; load what makes queries of events.

        Raises:
            EmbeddingFeaturesError: when there is none.
        """
        item, service = self._settings.item, self._settings.service
        index = self._client.index(item, service=service)
        zeros = np.zeros((1, index.manifest.space.dim), np.float32)
        self._client.recall(zeros, 1, item, service=service, deny=[[]])
        with suppress(DataError):  # the ids are strings
            self._query_of_events(0, NodeEvents(pa.array([0]), np.ones(1), np.ones(1, np.int64)))

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
