"""The registry against what is published: paths, tags, services without a pin or of mixed spaces."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from functools import partial
from pathlib import Path

from feast import FeatureService, FeatureView, FileSource

from embedding_features.errors import EmbeddingFeaturesError, SnapshotError, StoreError
from embedding_features.progress import Progress
from embedding_features.store.doctor.findings import Deployed, Finding
from embedding_features.store.marks import mark
from embedding_features.store.published import list_published
from embedding_features.store.publishing.definitions import Definitions, definitions, definitions_of
from embedding_features.store.publishing.names import Named, refuse_taken
from embedding_features.store.publishing.registry import apply, is_same
from embedding_features.store.retrieval.refs import run_of
from embedding_features.store.session import changed_store, feast_errors, locked


def never_applied(deployed: Deployed) -> Iterator[Finding]:
    """Snapshots are published, and there is no registry."""
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
    """Sources are absolute paths: after the repository was moved or copied they lead elsewhere."""
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
    """An object that was not published has a name of ours: nothing can be applied until that is settled."""
    if deployed.store is None:
        return
    with suppress(SnapshotError):  # a damaged one is another finding
        wanted = definitions_of(deployed.repo, list_published(deployed.repo))
        try:
            refuse_taken(wanted.all(), Named.registered(deployed.store))
        except StoreError as error:
            yield Finding("name-taken", "problem", error.what, str(deployed.repo), error.fix)


def other_definitions(deployed: Deployed) -> Iterator[Finding]:
    """The registry's views or services say something else than the manifests: tags, versions, pins."""
    wanted = _wanted(deployed)
    if wanted is None:
        return
    differing = [
        f"{name}@v{n}"
        for name, versions in wanted.versions.items()
        for n, view in versions.items()
        if not (n in deployed.versions.get(name, {}) and _alike(deployed.versions[name][n], view))
    ]
    known = {service.name: _pins(service) for service in deployed.services}
    differing += [s.name for s in wanted.services if known.get(s.name) != _pins(s)]
    if differing:
        yield Finding(
            "definitions-differ",
            "problem",
            f"{len(differing)} views or services are not what the published manifests say",
            ", ".join(differing),
            "apply the definitions again",
            lambda _: apply(deployed.repo),
        )


def unpinned_services(deployed: Deployed) -> Iterator[Finding]:
    """Without a pin a service reads another online table than the one its training data came from."""
    for service in deployed.services:
        loose = [
            p.name
            for p in service.feature_view_projections
            if p.version_tag is None and p.name in deployed.versions
        ]
        if loose and mark(service, "service") is None:
            pins = [f"{name}@v{max(deployed.versions[name])}" for name in loose]
            yield Finding(
                "unpinned-service",
                "problem",
                f"service {service.name} does not pin {', '.join(loose)}: online it reads another "
                "version than in training",
                f"service {service.name}",
                f"pin {', '.join(pins)}; write these in your features.py, too, or feast apply unpins them",
                partial(_pin, deployed, service.name),
            )


def mixed_services(deployed: Deployed) -> Iterator[Finding]:
    """A service of one family's runs side by side: what was never meant to be compared."""
    for service in deployed.services:
        runs: dict[str, dict[str, list[str]]] = {}
        for projection in service.feature_view_projections:
            number = projection.version_tag
            view = deployed.versions.get(projection.name, {}).get(-1 if number is None else number)
            run = deployed.runs.get(run_of(view)) if view is not None else None
            if run is not None:
                meaning = f"space {run.manifest.space.id}, run {run_of(view)}"
                runs.setdefault(run.family, {}).setdefault(meaning, []).append(projection.name_to_use())
        for family, mixed in runs.items():
            if len(mixed) > 1:
                said = "; ".join(f"{meaning}: {', '.join(refs)}" for meaning, refs in mixed.items())
                yield Finding(
                    "mixed-service",
                    "problem",
                    f"service {service.name} mixes {len(mixed)} runs of {family}: {said}",
                    f"service {service.name}",
                    "pin all its views of a family to one version, in your features.py",
                )


def missing_sources(deployed: Deployed) -> Iterator[Finding]:
    """A source of another view is not there: relative paths are resolved where Feast was started."""
    for view in deployed.views.values():
        source = view.batch_source
        if view.name in deployed.versions or not isinstance(source, FileSource) or "://" in source.path:
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


REGISTRY = (
    never_applied,
    moved,
    taken_names,
    other_definitions,
    unpinned_services,
    mixed_services,
    missing_sources,
)


def _wanted(deployed: Deployed) -> Definitions | None:
    """What the manifests say; None while a snapshot is lost or damaged: applying would forget its views."""
    if deployed.store is None or deployed.lost_runs():
        return None
    try:
        return definitions(deployed.repo)
    except EmbeddingFeaturesError:
        return None


def _alike(known: FeatureView, wanted: FeatureView) -> bool:
    """As :func:`is_same`, but a moved path is another finding."""
    known = deepcopy(known)
    known.batch_source.file_options.uri = wanted.batch_source.path
    return is_same(known, wanted)


def _pins(service: FeatureService) -> Sequence[str]:
    return sorted(p.name_to_use() for p in service.feature_view_projections)


def _pin(deployed: Deployed, name: str, _: Progress) -> None:
    with (
        locked(deployed.repo),
        changed_store(deployed.repo) as store,
        feast_errors(f"pinning service {name}"),
    ):
        service = store.get_feature_service(name)
        for projection in service.feature_view_projections:
            if projection.version_tag is None and projection.name in deployed.versions:
                projection.version_tag = max(deployed.versions[projection.name])
        store.registry.apply_feature_service(service, store.project)
