"""What is online against what the registry says was brought there, and what services are pinned to."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from feast import FeatureStore, FeatureView
from feast.utils import _get_column_names

from embedding_features.errors import StoreError
from embedding_features.progress import Progress
from embedding_features.store.doctor.findings import Deployed, Finding
from embedding_features.store.marks import mark
from embedding_features.store.materialize import materialize_tables
from embedding_features.store.moments import micros, moment_of
from embedding_features.store.online_stores.base import EmbeddingOnlineStore
from embedding_features.store.published import Published
from embedding_features.store.retrieval.online_rows import (
    has_table,
    is_online,
    online_rows,
    online_store_of,
    other_rows,
)
from embedding_features.store.retrieval.refs import run_of
from embedding_features.store.session import changed_store, feast_errors, locked


def published_views(deployed: Deployed) -> Iterator[Finding]:
    """The versions that services are pinned to, and those that were materialized, are online, whole."""
    store = deployed.store
    for name, number in _wanted(deployed):
        view = deployed.versions[name][number]
        run = deployed.runs.get(run_of(view))
        if store is not None and run is not None:
            try:
                yield from _version(deployed, store, view, number, run)
            except StoreError as error:
                yield Finding("online-unreadable", "problem", error.what, f"{name}@v{number}", error.fix)


def _version(
    deployed: Deployed, store: FeatureStore, view: FeatureView, number: int, run: Published
) -> Iterator[Finding]:
    ref, rows = f"{view.name}@v{number}", run.manifest.nodes[str(mark(view, "node_type"))].count
    older, pushed = other_rows(store, deployed.repo, view, run.as_of)
    if older:
        yield Finding(
            "mixed-online",
            "problem",
            f"{ref} serves {older} rows from before its run {run.manifest.run_id} beside those of it",
            ref,
            "use SnapshotOnlineStore, which replaces snapshots whole; or remove the database, then --fix",
        )
    held = online_rows(store, deployed.repo, view, run.as_of)
    if held + pushed >= rows:
        return
    other = _other_moment(store, view, run)
    if other:
        yield Finding(
            "mixed-online",
            "problem",
            f"{ref} serves the snapshot of {other}, but its run {run.manifest.run_id} is as of {run.as_of}",
            ref,
            "tear the online store down, then --fix",
        )
        return
    spans = deployed.views[view.name].materialization_intervals
    covered = any(start <= run.as_of <= end for start, end in spans)
    code, what = "not-online", f"a service is pinned to {ref}, which is not online"
    if covered and is_online(store, deployed.repo, view):
        code, what = "watermark-ahead", f"{ref} was materialized, but {held} of {rows} rows are online"
    elif covered:
        code, what = "lost-online", f"{ref} was materialized, but its online table is lost"
    yield Finding(code, "problem", what, ref, "materialize it again", partial(_bring, deployed, view, run))


def _bring(deployed: Deployed, view: FeatureView, run: Published, progress: Progress) -> None:
    for node_type, kind in run.snapshot.tables:
        if run.view_name(node_type, kind) == view.name:
            materialize_tables(deployed.repo, [(run, node_type, kind)], progress)


def _other_moment(store: FeatureStore, view: FeatureView, run: Published) -> str:
    """The moment of the snapshot that one of our stores serves, where it is not the run's."""
    ours = online_store_of(store)
    found = ours.describe(store.config, view) if isinstance(ours, EmbeddingOnlineStore) else None
    if found is None or found.stamp is None or found.stamp[0] == micros(run.as_of):
        return ""
    return str(moment_of(found.stamp[0]))


def _wanted(deployed: Deployed) -> list[tuple[str, int]]:
    """(view, N) that must be online: pinned by a service, or the newest of a view that was materialized."""
    pinned = {
        (p.name, p.version_tag)
        for service in deployed.services
        for p in service.feature_view_projections
        if p.version_tag in deployed.versions.get(p.name, {})
    }
    newest = {
        (name, max(versions))
        for name, versions in deployed.versions.items()
        if deployed.views[name].materialization_intervals
    }
    return sorted(pinned | newest)


def other_views(deployed: Deployed) -> Iterator[Finding]:
    """A view of another kind was materialized, but its online table is lost, or that of another store."""
    store = deployed.store
    for view in deployed.views.values():
        spans = view.materialization_intervals
        if store is None or view.name in deployed.versions or not spans:
            continue
        if is_online(store, deployed.repo, view):
            continue
        if not has_table(store, deployed.repo, view) or _has_rows(store, view):
            yield Finding(
                "lost-online",
                "problem",
                f"view {view.name} was materialized until {spans[-1][1]}, but nothing of it is online",
                f"view {view.name}",
                "make the table, and materialize the same interval again",
                partial(_again, deployed, view),
            )


def _has_rows(store: FeatureStore, view: FeatureView) -> bool:
    """Whether the source of a view has rows of the intervals that were materialized."""
    entities = [store.registry.get_entity(name, store.project) for name in view.entities]
    keys, features, event, created = _get_column_names(view, entities)
    start, end = _span(view)
    with feast_errors(f"reading the source of view {view.name}"):
        job = store._get_provider().offline_store.pull_latest_from_table_or_query(
            store.config, view.batch_source, keys, features, event, created, start, end
        )
        return bool(job.to_arrow().num_rows)


def _span(view: FeatureView) -> tuple[datetime, datetime]:
    starts, ends = zip(*view.materialization_intervals, strict=True)
    return min(starts), max(ends)


def _again(deployed: Deployed, view: FeatureView, _: Progress) -> None:
    start, end = _span(view)
    with (
        locked(deployed.repo),
        changed_store(deployed.repo) as store,
        feast_errors(f"materializing {view.name}"),
    ):
        online_store_of(store).update(store.config, [], [view], [], [], partial=True)
        store.materialize(start, end, [view.name])


ONLINE = (published_views, other_views)
