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
    """Digests of the bundle that serves now, and of the one that served before."""

    bundle: str
    before: str


class BundleHolder:
    """Holds the bundle; a request takes :attr:`current` once and goes on with it.

    Args:
        folder: where bundles are put; it may be a link that is moved.
        load: loads and checks the bundle of a folder.
        path_redactor: replaces the paths that no caller is told.
        metrics: hold which bundle serves, and count reloads.
    """

    def __init__(
        self,
        folder: Path,
        load: Callable[[Path], ServedBundle],
        path_redactor: PathRedactor,
        metrics: Metrics,
    ) -> None:
        self._folder, self._load = folder, load
        self._path_redactor, self._metrics = path_redactor, metrics
        self._lock = asyncio.Lock()
        self._last_stamp = self._stamp()
        self.current = load(self._real_folder())
        self._show_in_metrics()

    async def reload(self) -> Reloaded:
        """Load the bundle that is there now beside the one that serves, then put it in its place.

        Raises:
            ServiceError: 409 when it is broken or does not fit; the one before serves on.
        """
        async with self._lock:
            before, self._last_stamp = self.current, self._stamp()
            folder = self._real_folder()  # once: what is loaded is of one bundle, wherever a link points
            try:
                bundle = await asyncio.to_thread(self._load_checked, folder)
            except Exception as error:
                raise self._refuse(error, folder, before) from error
            if bundle.digest == before.digest:
                self._metrics.reloads["unchanged"] += 1
                return Reloaded(before.digest, before.digest)
            self.current = bundle
            self._metrics.reloads["ok"] += 1
            self._show_in_metrics()
            _LOG.info("reloaded", bundle=bundle.digest, before=before.digest)
            return Reloaded(bundle.digest, before.digest)

    async def watch(self, seconds: float) -> None:
        """Look for ever whether the bundle was replaced; one that was refused is not tried again."""
        while True:
            await asyncio.sleep(seconds)
            if self._stamp() != self._last_stamp:
                await self.try_reload()

    async def try_reload(self) -> None:
        """Reload the bundle if that is possible; why it was refused is in the log."""
        try:
            await self.reload()
        except ServiceError:
            return

    def _load_checked(self, folder: Path) -> ServedBundle:
        """Return the bundle of a folder, once the store has answered to what it reads."""
        bundle = self._load(folder)
        bundle.reader.probe()
        gc.collect()
        gc.freeze()  # no later collection has to look at it
        return bundle

    def _refuse(self, error: Exception, folder: Path, before: ServedBundle) -> ServiceError:
        """Count and log that a bundle is refused, and return what the caller is told of it."""
        self._metrics.reloads["refused"] += 1
        why, fix = "it cannot be loaded", "look into the log"
        if isinstance(error, EmbeddingFeaturesError):
            why, fix = (
                self._path_redactor(text.replace(str(folder), "the bundle"))
                for text in (error.what, error.fix)
            )
            _LOG.error("reload refused", reason=error.what, serves=before.digest)
        else:
            _LOG.exception("reload refused", serves=before.digest)
        return ServiceError(
            409, f"the new bundle is refused: {why}; the bundle {before.digest} serves on", fix=fix
        )

    def _show_in_metrics(self) -> None:
        record = self.current.bundle.record
        self._metrics.bundle = (record.digest, str(record.ranker["kind"]))

    def _real_folder(self) -> Path:
        """Where the bundle is now, links followed."""
        return Path(os.path.realpath(self._folder))  # unlike Path.resolve it bears a link to itself

    def _stamp(self) -> tuple[str, int, int] | None:
        """Path, inode and time of the bundle's record, which change when it is replaced; None without one."""
        folder = self._real_folder()
        try:
            found = (folder / RECORD).stat()
        except OSError:
            return None
        return str(folder), found.st_ino, found.st_mtime_ns
