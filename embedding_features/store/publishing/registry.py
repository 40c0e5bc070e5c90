"""Brings the registry in line with what is published, every version of every view."""

from pathlib import Path

from feast import FeatureStore, FeatureView

from embedding_features.store.locks import locked
from embedding_features.store.outside_errors import feast_errors, file_errors
from embedding_features.store.publishing.definitions import definitions
from embedding_features.store.session import changed_store


@file_errors("applying the definitions")
def apply(repo: Path | str) -> None:
    """Apply the definitions of everything published, in one step; objects of others are left alone.

    More than ``feast apply``: it also records the earlier versions that a lost registry forgot, and the new
    paths or settings of versions that Feast itself refuses to change.

    Raises:
        StoreError: when Feast cannot.
    """
    with locked(Path(repo)):
        apply_locked(Path(repo))


def apply_locked(repo: Path) -> None:
    """Do what :func:`apply` does, for a caller who holds the lock."""
    wanted = definitions(repo)
    if not wanted.versions:
        return
    wanted.ensure_sources()
    with changed_store(repo) as store, feast_errors("applying the definitions"):
        for name, versions in wanted.versions.items():
            _record(store, name, versions)
        store.apply(wanted.objects())


def _record(store: FeatureStore, name: str, versions: dict[int, FeatureView]) -> None:
    """Make the registry hold exactly these versions of a view, the last one active.

    New versions are appended; a registry that differs in an earlier one starts the view anew, keeping the
    intervals that were materialized.
    """
    known = recorded(store, name)
    same = [n for n in known if n in versions and is_same(known[n], versions[n])]
    missing = [n for n in versions if n not in known]
    intervals = []
    if len(same) < len(known) or (missing and known and min(missing) < max(known)):
        intervals = store.registry.get_feature_view(name, store.project).materialization_intervals
        store.registry.delete_feature_view(name, store.project)
        missing = list(versions)
    for n in missing:
        view = versions[n].__copy__()
        view.current_version_number = n
        view.materialization_intervals = list(intervals)
        store.registry.apply_feature_view(view, store.project)


def recorded(store: FeatureStore, name: str) -> dict[int, FeatureView]:
    """Return N → version N of a view as the registry has it, N ascending; none without versions."""
    registry = store.registry
    numbers = [row["version_number"] for row in registry.list_feature_view_versions(name, store.project)]
    return {n: registry.get_feature_view_by_version(name, store.project, n) for n in sorted(numbers)}


def is_same(known: FeatureView, wanted: FeatureView) -> bool:
    """Return whether a record still says what the manifests say; intervals are no part of that."""
    known.materialization_intervals = wanted.materialization_intervals
    return bool(known == wanted and known.batch_source.path == wanted.batch_source.path)
