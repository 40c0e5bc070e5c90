"""Checks views that were not published: their sources, and whether they are online."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

from feast import FeatureStore, FeatureView, FileSource
from feast.utils import _get_column_names

from embedding_features.progress import Progress
from embedding_features.store.doctor.findings import Deployed, Finding
from embedding_features.store.locks import locked
from embedding_features.store.marks import is_history
from embedding_features.store.outside_errors import feast_errors
from embedding_features.store.retrieval.online_rows import has_table, is_online, online_store_of
from embedding_features.store.session import changed_store


def missing_sources(deployed: Deployed) -> Iterator[Finding]:
    """Find sources of other views that are not there.

    Relative paths are resolved where Feast was started.
    """
    for view in deployed.views.values():
        source = view.batch_source
        if view.name in deployed.versions or not isinstance(source, FileSource) or "://" in source.path:
            continue
        if is_history(view):  # the definitions make its file
            continue
        path = Path(source.path)
        path = path if path.is_absolute() else deployed.repo / path
        if not path.exists() and not any(Path(path.anchor).glob(str(path.relative_to(path.anchor)))):
            yield Finding(
                "source-missing",
                "problem",
                f"view {view.name} reads {source.path}, which is not there",
                f"view {view.name}",
                "put the files back, or correct the path in your features.py, and feast apply",
            )


def other_views(deployed: Deployed) -> Iterator[Finding]:
    """Find views that were materialized, but whose online table is lost, or that of another store."""
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
                partial(_materialize_again, deployed, view),
            )


def _has_rows(store: FeatureStore, view: FeatureView) -> bool:
    """Return whether the source of a view has rows of the intervals that were materialized."""
    entities = [store.registry.get_entity(name, store.project) for name in view.entities]
    keys, features, event, created = _get_column_names(view, entities)
    start, end = _span(view)
    with feast_errors(f"reading the source of view {view.name}"):
        job = store._get_provider().offline_store.pull_latest_from_table_or_query(
            store.config, view.batch_source, keys, features, event, created, start, end
        )
        return bool(job.to_arrow().num_rows)


def _span(view: FeatureView) -> tuple[datetime, datetime]:
    """Return the first and last moment of the intervals that were materialized."""
    starts, ends = zip(*view.materialization_intervals, strict=True)
    return min(starts), max(ends)


def _materialize_again(deployed: Deployed, view: FeatureView, _: Progress) -> None:
    """Materialize a view again."""
    start, end = _span(view)
    with (
        locked(deployed.repo),
        changed_store(deployed.repo) as store,
        feast_errors(f"materializing {view.name}"),
    ):
        online_store_of(store).update(store.config, [], [view], [], [], partial=True)
        store.materialize(start, end, [view.name])
