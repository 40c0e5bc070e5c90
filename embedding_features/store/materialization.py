"""Brings snapshots online through Feast's own materialization, and checks that they arrived."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from feast import FeatureStore

from embedding_features.artifact import Kind
from embedding_features.errors import ConfigError, StoreError
from embedding_features.progress import SILENT, Progress
from embedding_features.store.locks import locked
from embedding_features.store.outside_errors import feast_errors, file_errors
from embedding_features.store.published import Published, list_published
from embedding_features.store.publishing.tables import check_table
from embedding_features.store.retrieval.online_rows import online_rows, online_store_of
from embedding_features.store.session import changed_store, registry_file


@dataclass(frozen=True)
class Materialized:
    """Says what of one view is online.

    Attributes:
        view, version: serve it as ``<view>@v<version>``.
        run_id, as_of: the snapshot.
        rows: entities online.
        written: False when they were there already.
    """

    view: str
    version: int
    run_id: str
    as_of: datetime
    rows: int
    written: bool


@file_errors("materializing")
def materialize(
    repo: Path | str, *, end: datetime | None = None, progress: Progress = SILENT
) -> list[Materialized]:
    """Bring the newest snapshot of each family, or the newest not after ``end``, into the online store.

    Every version has an online table of its own, so an older one never overwrites a newer one, an item absent
    from the new snapshot does not keep its old vector, and services pinned to older versions go on serving
    theirs. Only the rows of that snapshot are written, whatever else the source holds. What is online already
    is left alone; a killed materialization is completed by the next.

    Raises:
        ConfigError: when ``end`` has no zone.
        SnapshotError, LeakError: when a table breaks the rules of :func:`.tables.check_table`.
        StoreError: when Feast fails, its settings cannot be read, or the online store ends with other rows
            than the snapshot.
    """
    if end is not None and end.tzinfo is None:
        raise ConfigError(f"end {end} has no zone", fix="give it with a zone, such as +00:00")
    repo = Path(repo)
    runs = [run for run in list_published(repo) if end is None or run.as_of <= end]
    newest = {run.family: run for run in runs}
    work = [(run, *table) for run in newest.values() for table in run.snapshot.tables]
    if not work:
        registry_file(repo)  # settings that Feast cannot read are an error with nothing to do, too
        return []
    return materialize_tables(repo, work, progress)


def materialize_tables(
    repo: Path, work: Sequence[tuple[Published, str, Kind]], progress: Progress = SILENT
) -> list[Materialized]:
    """Bring tables (run, node type, kind) online, each as its own version.

    Errors are those of :func:`materialize`.
    """
    with locked(repo), changed_store(repo) as store, progress.task("materialize", len(work)) as advance:
        done = []
        for run, node_type, kind in work:
            done.append(_materialize(store, repo, run, node_type, kind))
            advance(1, done[-1].view)
    return done


def _materialize(store: FeatureStore, repo: Path, run: Published, node_type: str, kind: Kind) -> Materialized:
    name, rows = run.view_name(node_type, kind), run.manifest.nodes[node_type].count
    with feast_errors(f"looking up {name}@v{run.version}", fix="publish again: that applies the definitions"):
        view = store.registry.get_feature_view_by_version(name, store.project, run.version)
    written = online_rows(store, repo, view, run.as_of) != rows
    if written:
        check_table(run.snapshot, node_type, kind)
        with feast_errors(f"materializing {name}@v{run.version}"):
            # its table may be missing: a version that was recorded late, or a lost database
            online_store_of(store).update(store.config, [], [view], [], [], partial=True)
            store.materialize(run.as_of, run.as_of, [name], version=f"v{run.version}")
        arrived = online_rows(store, repo, view, run.as_of)
        if arrived != rows:
            raise StoreError(
                f"{name}@v{run.version} has {arrived} rows online, but run {run.manifest.run_id} has {rows}",
                fix="materialize again; if it stays so, remove the online database",
            )
    return Materialized(name, run.version, run.manifest.run_id, run.as_of, rows, written)
