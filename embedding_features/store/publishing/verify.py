"""The check a user has on a deployed repository: whole, unaltered, without a leak, and of one space."""

from pathlib import Path

from embedding_features.artifact import Snapshot
from embedding_features.errors import SnapshotError
from embedding_features.store.moments import CREATED
from embedding_features.store.outside_errors import file_errors
from embedding_features.store.published import MANIFEST, Published, list_published, snapshots_root
from embedding_features.store.publishing.gate import check_ids, check_space, check_time
from embedding_features.store.publishing.health import check_recorded_health
from embedding_features.store.publishing.tables import check_table


@file_errors("verifying the repository")
def verify_repo(repo: Path | str, *, allow_timeless: bool = False) -> list[Published]:
    """Check everything published: what the gate checks, and that no byte changed since.

    Returns:
        The published snapshots, all of them good.

    Raises:
        LeakError: edges or rows later than a snapshot's moment, or one published before its moment.
        SnapshotError: a damaged or altered folder, or rows with another ``created_timestamp``.
        HealthError, CompatibilityError: as in :mod:`.gate`.
    """
    repo = Path(repo)
    for folder in snapshots_root(repo).glob("[!.]*/*"):
        if not (folder / MANIFEST).is_file():
            raise SnapshotError(f"{folder} has no manifest", fix="remove it: it is no whole snapshot")
    runs = list_published(repo)
    for index, run in enumerate(runs):
        Snapshot.open(run.folder)
        check_recorded_health(run.manifest)
        check_time(run.manifest, run.created, allow_timeless=allow_timeless)
        check_ids(run.manifest, [r.manifest for r in runs[:index]])
        check_space(run.manifest, [r.manifest for r in runs[:index] if r.family == run.family])
        for node_type, kind in run.snapshot.tables:
            check_table(run.snapshot, node_type, kind)
            created = run.snapshot.table(node_type, kind).column(CREATED)
            if set(created.unique().to_pylist()) - {run.created}:
                raise SnapshotError(
                    f"{run.snapshot.path(node_type, kind)} has rows not created at {run.created}",
                    fix="remove the folder, and publish the snapshot again",
                )
    return runs
