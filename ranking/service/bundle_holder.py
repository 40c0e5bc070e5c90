"""The bundle that is served, and its replacement by another in one step."""

import asyncio
import gc
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from embedding_features.errors import EmbeddingFeaturesError
from ranking.bundle.record import RECORD
from ranking.service.errors import PathRedactor, ServiceError
from ranking.service.metrics import Metrics
from ranking.service.served_bundle import ServedBundle

_LOG = structlog.get_logger()


@dataclass(frozen=True)
class Reloaded:
    """Digests of the bundle that serves now, and of the one before."""

    bundle: str
    before: str


class BundleHolder:
    """Holds the bundle; a request takes :attr:`current` once and goes on with it.

    Args:
        folder: where bundles are put; it may be a link that is moved.
        load: loads and checks the bundle of a folder.
        hidden: paths that no caller is told.
    """

    def __init__(
        self, folder: Path, load: Callable[[Path], ServedBundle], hidden: PathRedactor, metrics: Metrics
    ) -> None:
        self._folder, self._load, self._hidden, self._metrics = folder, load, hidden, metrics
        self._lock = asyncio.Lock()
        self._seen = self._mark()
        self.current = load(self._target())
        self._tell()

    async def reload(self) -> Reloaded:
        """Load the bundle that is there now beside the one that serves, then put it in its place.

        Raises:
            ServiceError: 409 when it is broken or does not fit; the one before serves on.
        """
        async with self._lock:
            before, self._seen = self.current, self._mark()
            folder = self._target()  # once: what is loaded is of one bundle, wherever a link points
            try:
                loaded = await asyncio.to_thread(self._checked, folder)
            except Exception as error:
                raise self._refused(error, folder, before) from error
            if loaded.digest == before.digest:
                self._metrics.reloads["unchanged"] += 1
                return Reloaded(before.digest, before.digest)
            self.current = loaded
            self._metrics.reloads["ok"] += 1
            self._tell()
            _LOG.info("reloaded", bundle=loaded.digest, before=before.digest)
            return Reloaded(loaded.digest, before.digest)

    async def watch(self, seconds: float) -> None:
        """Look for ever whether the bundle was replaced; one that was refused is not tried again."""
        while True:
            await asyncio.sleep(seconds)
            if self._mark() != self._seen:
                await self.try_reload()

    async def try_reload(self) -> None:
        """:meth:`reload` for nobody: what is refused is in the log."""
        try:
            await self.reload()
        except ServiceError:
            return

    def _checked(self, folder: Path) -> ServedBundle:
        """The bundle of a folder, which the store answers to."""
        loaded = self._load(folder)
        loaded.reader.look()
        gc.collect()
        gc.freeze()  # no later collection has to look at it
        return loaded

    def _refused(self, error: Exception, folder: Path, before: ServedBundle) -> ServiceError:
        self._metrics.reloads["refused"] += 1
        why, fix = "it cannot be loaded", "look into the log"
        if isinstance(error, EmbeddingFeaturesError):
            why, fix = (
                self._hidden(text.replace(str(folder), "the bundle")) for text in (error.what, error.fix)
            )
            _LOG.error("reload refused", reason=error.what, serves=before.digest)
        else:
            _LOG.exception("reload refused", serves=before.digest)
        return ServiceError(
            409, f"the new bundle is refused: {why}; the bundle {before.digest} serves on", fix=fix
        )

    def _tell(self) -> None:
        record = self.current.bundle.record
        self._metrics.bundle = (record.digest, str(record.ranker["kind"]))

    def _target(self) -> Path:
        """Where the bundle is now."""
        return Path(os.path.realpath(self._folder))  # unlike Path.resolve it bears a link to itself

    def _mark(self) -> tuple[str, int, int] | None:
        """What is another one when the bundle was replaced; None where there is none."""
        folder = self._target()
        try:
            found = (folder / RECORD).stat()
        except OSError:
            return None
        return str(folder), found.st_ino, found.st_mtime_ns
