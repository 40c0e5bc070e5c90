"""Checks what is online against what the registry says, and what services are pinned to."""

from collections.abc import Iterator
from functools import partial

from feast import FeatureStore, FeatureView

from embedding_features.errors import StoreError
from embedding_features.progress import Progress
from embedding_features.store.doctor.findings import Deployed, Finding
from embedding_features.store.marks import mark
from embedding_features.store.materialization import materialize_tables
from embedding_features.store.moments import micros, moment_of
from embedding_features.store.online_stores.base import EmbeddingOnlineStore
from embedding_features.store.published import Published
from embedding_features.store.retrieval.online_rows import (
    is_online,
    online_rows,
    online_store_of,
    other_rows,
)
from embedding_features.store.retrieval.refs import run_of


def published_views(deployed: Deployed) -> Iterator[Finding]:
    """Find versions that are not online whole: pinned by a service, or materialized before."""
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
    """Find what is wrong online with one version of a view."""
    ref, rows = f"{view.name}@v{number}", run.manifest.nodes[str(mark(view, "node_type"))].count
    older, pushed = other_rows(store, deployed.repo, view, run.as_of)
    if older:
        what = f"{ref} serves {older} rows from before its run {run.manifest.run_id} beside those of it"
        fix = "use SnapshotOnlineStore, which replaces snapshots whole; or remove the database, then --fix"
        yield Finding("mixed-online", "problem", what, ref, fix)
    held = online_rows(store, deployed.repo, view, run.as_of)
    if held + pushed >= rows:
        return
    other = _other_moment(store, view, run)
    if other:
        what = f"{ref} serves the snapshot of {other}, but its run {run.manifest.run_id} is as of {run.as_of}"
        yield Finding("mixed-online", "problem", what, ref, "tear the online store down, then --fix")
        return
    spans = deployed.views[view.name].materialization_intervals
    covered = any(start <= run.as_of <= end for start, end in spans)
    code, what = "not-online", f"a service is pinned to {ref}, which is not online"
    if covered and is_online(store, deployed.repo, view):
        code, what = "watermark-ahead", f"{ref} was materialized, but {held} of {rows} rows are online"
    elif covered:
        code, what = "lost-online", f"{ref} was materialized, but its online table is lost"
    yield Finding(
        code, "problem", what, ref, "materialize it again", partial(_materialize, deployed, view, run)
    )


def _materialize(deployed: Deployed, view: FeatureView, run: Published, progress: Progress) -> None:
    for node_type, kind in run.snapshot.tables:
        if run.view_name(node_type, kind) == view.name:
            materialize_tables(deployed.repo, [(run, node_type, kind)], progress)


def _other_moment(store: FeatureStore, view: FeatureView, run: Published) -> str:
    """Return the moment of the snapshot that one of our stores serves, where it is not the run's."""
    ours = online_store_of(store)
    found = ours.describe(store.config, view) if isinstance(ours, EmbeddingOnlineStore) else None
    if found is None or found.stamp is None or found.stamp[0] == micros(run.as_of):
        return ""
    return str(moment_of(found.stamp[0]))


def _wanted(deployed: Deployed) -> list[tuple[str, int]]:
    """Return (view, N) that must be online.

    They are pinned by a service, or the newest of a view that was materialized.
    """
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
