"""Checks the registry against what is published: paths, names, tags and versions."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from pathlib import Path

from feast import FeatureService, FeatureView

from embedding_features.errors import EmbeddingFeaturesError, SnapshotError, StoreError
from embedding_features.store.doctor.findings import Deployed, Finding
from embedding_features.store.published import list_published
from embedding_features.store.publishing.definitions import Definitions, definitions, definitions_of
from embedding_features.store.publishing.feast_objects import FeastObjects
from embedding_features.store.publishing.names import refuse_taken
from embedding_features.store.publishing.registry import apply, is_same
from embedding_features.store.retrieval.refs import run_of


def never_applied(deployed: Deployed) -> Iterator[Finding]:
    """Find snapshots that are published where there is no registry."""
    if deployed.store is None and deployed.runs:
        yield Finding(
            "not-applied",
            "problem",
            f"{len(deployed.runs)} runs are published, but there is no registry",
            str(deployed.repo),
            "apply the definitions; then `feast apply` your own",
            lambda _: apply(deployed.repo),
        )


def moved(deployed: Deployed) -> Iterator[Finding]:
    """Find sources that lead elsewhere, as absolute paths do after the repository was moved or copied."""
    elsewhere = []
    for name, versions in deployed.versions.items():
        for number, view in versions.items():
            run = deployed.runs.get(run_of(view))
            if run is not None and Path(view.batch_source.path).parent.parent != run.folder.resolve().parent:
                elsewhere.append(f"{name}@v{number}")
    if elsewhere and not deployed.lost_runs():
        old = deployed.versions[elsewhere[0].split("@")[0]]
        yield Finding(
            "moved-repo",
            "problem",
            f"{len(elsewhere)} view versions read {next(iter(old.values())).batch_source.path}",
            ", ".join(elsewhere),
            "apply the definitions again",
            lambda _: apply(deployed.repo),
        )


def taken_names(deployed: Deployed) -> Iterator[Finding]:
    """Find objects that were not published and have a name of ours.

    Nothing can be applied until that is settled.
    """
    if deployed.store is None:
        return
    with suppress(SnapshotError):  # a damaged one is another finding
        wanted = definitions_of(deployed.repo, list_published(deployed.repo))
        try:
            refuse_taken(wanted.all(), FeastObjects.registered(deployed.store))
        except StoreError as error:
            yield Finding("name-taken", "problem", error.what, str(deployed.repo), error.fix)


def other_definitions(deployed: Deployed) -> Iterator[Finding]:
    """Find views or services that say something else than manifests and settings: tags, versions, pins."""
    wanted = _wanted(deployed)
    if wanted is None:
        return
    differing = [
        f"{name}@v{n}"
        for name, versions in wanted.versions.items()
        for n, view in versions.items()
        if not (n in deployed.versions.get(name, {}) and _alike(deployed.versions[name][n], view))
    ]
    differing += [v.name for v in wanted.histories if not _is_same_history(deployed.views.get(v.name), v)]
    known = {service.name: _pins(service) for service in deployed.services}
    differing += [s.name for s in wanted.services if known.get(s.name) != _pins(s)]
    if differing:
        yield Finding(
            "definitions-differ",
            "problem",
            f"{len(differing)} views or services are not what the published manifests and the settings say",
            ", ".join(differing),
            "apply the definitions again",
            lambda _: apply(deployed.repo),
        )


REGISTRY = (never_applied, moved, taken_names, other_definitions)


def _wanted(deployed: Deployed) -> Definitions | None:
    """Return what the manifests say.

    None while a snapshot is lost or damaged: applying would forget its views.
    """
    if deployed.store is None or deployed.lost_runs():
        return None
    try:
        return definitions(deployed.repo)
    except EmbeddingFeaturesError:
        return None


def _alike(known: FeatureView, wanted: FeatureView) -> bool:
    """Return what :func:`is_same` does, apart from a moved path, which is another finding."""
    known = deepcopy(known)
    known.batch_source.file_options.uri = wanted.batch_source.path
    return is_same(known, wanted)


def _is_same_history(known: FeatureView | None, wanted: FeatureView) -> bool:
    """Return whether a view of histories is as the settings say, and its source is there."""
    return known is not None and is_same(deepcopy(known), wanted) and Path(wanted.batch_source.path).is_file()


def _pins(service: FeatureService) -> Sequence[str]:
    return sorted(p.name_to_use() for p in service.feature_view_projections)
