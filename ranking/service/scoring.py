"""The second stage: what the online store says of a request's items, and their scores by the bundle."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from ranking.service.answers import Scored
from ranking.service.bundle_holder import BundleHolder
from ranking.service.circuit_breaker import CircuitBreaker
from ranking.service.errors import StoreUnavailable
from ranking.service.metrics import Metrics
from ranking.service.reading import ReadColumns
from ranking.service.requests import Features, GivenEvent
from ranking.service.served_bundle import ServedBundle
from ranking.service.subject import RankSubject, make_subject


class RequestScorer:
    """Scores items by the bundle that serves, with or without the online store.

    Args:
        bundle_holder: holds the bundle that serves.
        circuit_breaker: keeps requests from a store that does not answer.
        metrics: count what was scored and what was missing.
        threads: how many requests are scored at the same time.
    """

    def __init__(
        self, bundle_holder: BundleHolder, circuit_breaker: CircuitBreaker, metrics: Metrics, threads: int
    ) -> None:
        self._bundle_holder, self._circuit_breaker, self._metrics = bundle_holder, circuit_breaker, metrics
        self._pool = ThreadPoolExecutor(threads, "scoring")

    async def score(
        self,
        user: int | str,
        items: Sequence[int | str],
        features: Features,
        events: Sequence[GivenEvent] | None = None,
    ) -> Scored:
        """Return the scores of items for a user, all of one bundle, whatever is reloaded meanwhile.

        Args:
            user: id of the user.
            items: ids of the items.
            features: raw columns that came with the request.
            events: the user's, where the request brings them.

        Raises:
            DataError, CompatibilityError: when a column breaks a rule.
        """
        bundle = self._bundle_holder.current
        subject = make_subject(user, items, features, bundle.plan.depths, events)
        read = await self._read(bundle, subject)
        loop = asyncio.get_running_loop()
        scored = await loop.run_in_executor(self._pool, partial(bundle.score, subject, read))
        self._count(scored, read)
        return scored

    async def _read(self, bundle: ServedBundle, subject: RankSubject) -> ReadColumns:
        if not bundle.reader.reads(subject):
            return ReadColumns()
        try:
            return await self._circuit_breaker.run(partial(bundle.reader.read, subject))
        except StoreUnavailable:
            return ReadColumns(degraded=True)

    def _count(self, scored: Scored, read: ReadColumns) -> None:
        self._metrics.candidates += len(scored.items)
        self._metrics.degraded_answers += scored.degraded
        self._metrics.missing.update(scored.missing)
        for side, found in read.found.items():
            self._metrics.without_vector[side] += int((~found).sum())
        for side, seen in scored.events.items():
            if len(seen.counts):  # there is an id whose figures they are
                self._metrics.count_events(side, seen.newest_age)

    def close(self) -> None:
        """Wait until what is being scored is scored, and end the threads."""
        self._pool.shutdown(wait=True)
