"""Calls to a store that may be away: one that hangs costs a moment, one that is known to be away nothing."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog

from embedding_features.errors import StoreError
from ranking.service.errors import StoreUnavailable
from ranking.service.metrics import Metrics
from ranking.service.settings import StoreSettings

T = TypeVar("T")
#: reads at once. A hanging one keeps its thread until the store's own timeout, longer than a request waits
THREADS = 16
_LOG = structlog.get_logger()


class CircuitBreaker:
    """Keeps requests from a store that does not answer (Nygard, Release It!, 2007).

    After some failures in a row no request tries any more, until :meth:`watch` finds the store back.

    Args:
        settings: when the store counts as away.
        metrics: hold whether it does.
    """

    def __init__(self, settings: StoreSettings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self._pool = ThreadPoolExecutor(THREADS, "store")
        self._failures = 0

    @property
    def reachable(self) -> bool:
        """Whether requests try to read from the store."""
        return not self._metrics.degraded

    async def run(self, work: Callable[[], T]) -> T:
        """Return the result of some work on the store.

        Raises:
            StoreUnavailable: when the store fails, takes too long, or counts as away.
        """
        if not self.reachable:
            raise StoreUnavailable
        return await self._try(work)

    async def watch(self, probe: Callable[[], object]) -> None:
        """Look for ever whether the store answers; ``probe`` fails when it does not."""
        while True:
            await asyncio.sleep(self._settings.probe_seconds)
            try:
                await self._try(probe)
            except StoreUnavailable:
                continue
            except Exception:  # or nobody would ever notice that the store is back
                _LOG.exception("looking at the store failed")

    async def _try(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                result = await loop.run_in_executor(self._pool, work)
        except (StoreError, OSError, TimeoutError) as error:
            self._count_failure(error)
            raise StoreUnavailable from error
        self._count_success()
        return result

    def _count_failure(self, error: Exception) -> None:
        self._failures += 1
        if self.reachable and self._failures >= self._settings.failures:
            self._metrics.degraded = True
            _LOG.error("store away", reason=str(error) or type(error).__name__)

    def _count_success(self) -> None:
        self._failures = 0
        if not self.reachable:
            self._metrics.degraded = False
            _LOG.info("store back")

    def close(self) -> None:
        """Cancel the work that has not begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)
