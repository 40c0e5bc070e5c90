"""Takes one snapshot through the gate, and a stamped copy of it into the repository, in one step."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from embedding_features.artifact import Manifest, Snapshot
from embedding_features.artifact.tables import TIMES, table_file
from embedding_features.errors import ConfigError, SnapshotError
from embedding_features.files import safe_name, sweep_staging
from embedding_features.space import HealthConfig
from embedding_features.store.published import Published, as_published, list_published, snapshots_root
from embedding_features.store.publishing.definitions import definitions_of
from embedding_features.store.publishing.feast_objects import FeastObjects
from embedding_features.store.publishing.gate import check_ids, check_names, check_space, check_time
from embedding_features.store.publishing.health import check_snapshot_health
from embedding_features.store.publishing.names import refuse_taken
from embedding_features.store.publishing.tables import check_table

#: what two publications of one run may differ in, besides the stamped files
_OURS = {"published", "feature_view_version", "files", "figures", "fresh", "health", "library_version"}


@dataclass(frozen=True)
class Terms:
    """Says on what terms snapshots are published."""

    published: datetime | None
    delay: timedelta | None
    allow_timeless: bool
    health: HealthConfig

    def __post_init__(self) -> None:
        if self.published is not None and self.delay is not None:
            raise ConfigError("both a publish time and a publish delay", fix="give one of them")
        if self.published is not None and self.published.tzinfo is None:
            raise ConfigError(
                f"publish time {self.published} has no zone", fix="give it with a zone, such as +00:00"
            )

    def created(self, as_of: datetime) -> datetime | None:
        """Return the publish time asked for; None is now."""
        return self.published if self.delay is None else as_of + self.delay


def install(
    source: Snapshot | Path | str, repo: Path, terms: Terms, theirs: FeastObjects | None
) -> Published:
    """Check a snapshot, put a stamped copy of it into the repository, and return that."""
    snapshot, root = opened(source), snapshots_root(repo)
    manifest = snapshot.manifest
    safe_name(manifest.run_id, "run id")
    safe_name(manifest.space.id, "space id")
    created = terms.created(manifest.as_of)
    runs = list_published(repo)
    for run in runs:
        if run.manifest.run_id == manifest.run_id:
            return _same(run, snapshot, created)
    created = created or datetime.now(UTC)
    family = [run for run in runs if run.family == manifest.space.family]
    check_time(manifest, created, allow_timeless=terms.allow_timeless)
    check_ids(manifest, [run.manifest for run in runs])
    check_space(manifest, [run.manifest for run in family])
    for node_type, kind in snapshot.tables:
        check_table(snapshot, node_type, kind)
    check_snapshot_health(snapshot, terms.health)
    run = Published(snapshot, 1 + max((run.version for run in family), default=0), created)
    check_names(run, runs)
    if theirs is not None:
        refuse_taken(definitions_of(repo, [run]).all(), theirs)
    sweep_staging(root)
    placed = snapshot.copy_to(
        root / manifest.space.id / manifest.run_id,
        published=created,
        feature_view_version=run.version,
        staging=root / ".staging",
    )
    return as_published(placed)


def _same(run: Published, snapshot: Snapshot, created: datetime | None) -> Published:
    """Return the run as it was published, if ``snapshot`` is the same one.

    Raises:
        SnapshotError: when it is not.
    """
    equal = _content(run.manifest) == _content(snapshot.manifest) and all(
        run.snapshot.table(*table).drop_columns(list(TIMES))
        == snapshot.table(*table).drop_columns(list(TIMES))
        for table in snapshot.tables
    )
    if not equal or created not in (None, run.created):
        what = f"at {run.created}, not {created}" if equal else "with other content"
        raise SnapshotError(
            f"run {run.manifest.run_id} is published already in {run.folder} {what}",
            fix="what is published does not change: publish a new run",
        )
    return run


def _content(manifest: Manifest) -> tuple[dict[str, object], dict[str, str | None]]:
    """Return what a manifest says of a run, and the files besides the tables with their checksums."""
    tables = {table_file(t, k) for t in manifest.nodes for k in manifest.kinds}
    files = {name: None if name in tables else checksum for name, checksum in manifest.files.items()}
    return manifest.model_dump(exclude=_OURS), files


def opened(snapshot: Snapshot | Path | str, *, verify: bool = True) -> Snapshot:
    """Return a snapshot read from its folder, whether it is given or its folder is."""
    return Snapshot.open(snapshot.folder if isinstance(snapshot, Snapshot) else snapshot, verify=verify)
