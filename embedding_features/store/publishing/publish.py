"""Publish: through the gate, into the repository in one step, and into Feast's registry.

A killed publish leaves either no folder or a whole one, and the old registry or the new one. Running it again
ends in the same result: a run that is there already is left as it is.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from embedding_features.artifact import Snapshot
from embedding_features.progress import SILENT, Progress
from embedding_features.space import HealthConfig
from embedding_features.store.locks import locked
from embedding_features.store.outside_errors import feast_errors, file_errors
from embedding_features.store.published import Published
from embedding_features.store.publishing.feast_objects import FeastObjects
from embedding_features.store.publishing.install import Terms, install, opened
from embedding_features.store.publishing.registry import apply_locked
from embedding_features.store.session import applied_store


@file_errors("publishing")
def publish(
    snapshot: Snapshot | Path | str,
    repo: Path | str,
    *,
    published: datetime | None = None,
    publish_delay: timedelta | None = None,
    allow_timeless: bool = False,
    health: HealthConfig = HealthConfig(),  # noqa: B008 (frozen)
) -> Published:
    """Publish one snapshot: check it, place it, apply the definitions.

    Args:
        snapshot: a snapshot or its folder.
        repo: a Feast repository (see ``feature_repo/``).
        published: the publish time, zone-aware; now if neither this nor ``publish_delay`` is given.
        publish_delay: for a backfill: the snapshot carries the time it would have had, as_of plus the delay.
        allow_timeless: let relations without times pass (their edges cannot be checked for leaks).
        health: the thresholds of the health gate.

    Returns:
        The published snapshot; the one that is there already when the run was published before.

    Raises:
        HealthError, LeakError, CompatibilityError: the gate refused it (see :mod:`.gate`); nothing changed.
        SnapshotError: the folder is damaged, or the run is published already with other content or time.
        StoreError: the repository has an object of its own of one of our names, and nothing changed; or Feast
            could not apply the definitions.
    """
    repo = Path(repo)
    terms = Terms(published, publish_delay, allow_timeless, health)
    with locked(repo):
        run = install(snapshot, repo, terms, _names(repo))
        apply_locked(repo)
    return run


@file_errors("publishing")
def publish_series(
    snapshots: Sequence[Snapshot | Path | str],
    repo: Path | str,
    *,
    publish_delay: timedelta = timedelta(0),
    allow_timeless: bool = False,
    health: HealthConfig = HealthConfig(),  # noqa: B008 (frozen)
    progress: Progress = SILENT,
) -> list[Published]:
    """Publish a backfill, oldest first, and apply the definitions once.

    Arguments, errors as :func:`publish`. A refused snapshot stops the series; those before it are in place,
    and the next publish applies them.
    """
    repo = Path(repo)
    terms = Terms(None, publish_delay, allow_timeless, health)
    ordered = sorted((opened(s, verify=False) for s in snapshots), key=lambda s: s.manifest.as_of)
    runs = []
    with locked(repo), progress.task("publish", len(ordered)) as advance:
        theirs = _names(repo)
        for snapshot in ordered:
            runs.append(install(snapshot, repo, terms, theirs))
            advance(1, runs[-1].manifest.run_id)
        apply_locked(repo)
    return runs


def _names(repo: Path) -> FeastObjects | None:
    """Return what the registry holds; None where there is no registry yet."""
    store = applied_store(repo)
    with feast_errors("reading the registry"):
        return None if store is None else FeastObjects.registered(store)
