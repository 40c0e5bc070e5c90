"""Checks feature services: those without a pin, or of several runs side by side."""

from collections.abc import Iterator
from functools import partial

from embedding_features.progress import Progress
from embedding_features.store.doctor.findings import Deployed, Finding
from embedding_features.store.locks import locked
from embedding_features.store.marks import mark
from embedding_features.store.outside_errors import feast_errors
from embedding_features.store.retrieval.refs import run_of
from embedding_features.store.session import changed_store


def unpinned_services(deployed: Deployed) -> Iterator[Finding]:
    """Find services without a pin: they read another online table than their training data came from."""
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
    """Find services of one family's runs side by side, which were never meant to be compared."""
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
                listed = "; ".join(f"{meaning}: {', '.join(refs)}" for meaning, refs in mixed.items())
                yield Finding(
                    "mixed-service",
                    "problem",
                    f"service {service.name} mixes {len(mixed)} runs of {family}: {listed}",
                    f"service {service.name}",
                    "pin all its views of a family to one version, in your features.py",
                )


def _pin(deployed: Deployed, name: str, _: Progress) -> None:
    """Pin the views of a service to their newest versions."""
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


SERVICES = (unpinned_services, mixed_services)
