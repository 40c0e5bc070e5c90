"""The examination: every check, and with ``fix`` what each finding says, until nothing is left to mend."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from embedding_features.config import read_yaml
from embedding_features.errors import ConfigError, EmbeddingFeaturesError, StoreError
from embedding_features.progress import SILENT, Progress
from embedding_features.store.doctor.files import FILES, readable_runs
from embedding_features.store.doctor.findings import Check, Deployed, Finding
from embedding_features.store.doctor.online import published_views
from embedding_features.store.doctor.other_views import missing_sources, other_views
from embedding_features.store.doctor.registry import REGISTRY
from embedding_features.store.doctor.services import SERVICES
from embedding_features.store.doctor.settings import SETTINGS
from embedding_features.store.outside_errors import file_errors
from embedding_features.store.published import snapshots_root
from embedding_features.store.session import applied_store

CHECKS: tuple[Check, ...] = (
    *SETTINGS,
    *FILES,
    *REGISTRY,
    *SERVICES,
    missing_sources,
    published_views,
    other_views,
)
#: what mending uncovers is mended in its turn: a registry first, then what it says should be online
_ROUNDS = 4


@dataclass(frozen=True)
class Report:
    """Holds what an examination found.

    Attributes:
        mended: findings that ``fix`` mended.
        left: those that are still there.
    """

    mended: list[Finding]
    left: list[Finding]

    @property
    def healthy(self) -> bool:
        """Return whether no problem is left; warnings may be."""
        return all(finding.severity == "warning" for finding in self.left)


@file_errors("examining the repository")
def examine(repo: Path | str, *, fix: bool = False, progress: Progress = SILENT) -> Report:
    """Find what is wrong in a deployed repository.

    Args:
        repo: folder of the repository.
        fix: mend what can be mended; each mending adds, or replaces in one step.
        progress: is told of each check and each mending.

    Raises:
        StoreError, ConfigError: when ``repo`` is no Feast repository, or its settings are no YAML.
    """
    repo = Path(repo).resolve()
    mended: dict[tuple[str, str], Finding] = {}
    failures: dict[tuple[str, str], str] = {}
    left = _found(repo, progress)
    for _ in range(_ROUNDS):
        todo = [finding for finding in left if finding.mend is not None]
        if not fix or not todo:
            break
        with progress.task("mend", len(todo)) as advance:
            for finding in todo:
                failures[_key(finding)] = _mended(finding, progress)
                advance(1, finding.code)
        mended |= {_key(finding): finding for finding in todo}
        left = _found(repo, progress)
    still = {_key(finding) for finding in left}
    findings = [replace(f, what=f.what + failures.get(_key(f), "")) for f in left]
    return Report([finding for key, finding in mended.items() if key not in still], findings)


def _key(finding: Finding) -> tuple[str, str]:
    return finding.code, finding.where


def _mended(finding: Finding, progress: Progress) -> str:
    """Mend a finding; return what went wrong with it, for the report."""
    try:
        if finding.mend is not None:
            finding.mend(progress)
    except EmbeddingFeaturesError as error:
        return f"; mending it failed: {error.what}"
    return ""


def _found(repo: Path, progress: Progress) -> list[Finding]:
    """Return the findings of all checks."""
    snapshots_root(repo)  # refuses what is no repository
    settings: Any = read_yaml(repo / "feature_store.yaml")
    if not isinstance(settings, dict):
        raise ConfigError(f"{repo / 'feature_store.yaml'} holds no settings", fix="see docs/howto/doctor.md")
    found: list[Finding] = []
    try:
        store = applied_store(repo)
    except StoreError as error:
        store = None
        found.append(Finding("unreadable", "problem", error.what, str(repo), error.fix))
    deployed = Deployed(repo, settings, readable_runs(repo), store)
    checks = CHECKS if not found else (*SETTINGS, *FILES[:3])
    with progress.task("examine", len(checks)) as advance:
        for check in checks:
            found += check(deployed)
            advance(1, check.__name__)
    return found
