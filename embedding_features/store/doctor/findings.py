"""What a check finds, and the repository that it looks at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

from feast import FeatureService, FeatureStore, FeatureView

from embedding_features.progress import Progress
from embedding_features.store.published import Published
from embedding_features.store.publishing.registry import recorded
from embedding_features.store.retrieval.refs import run_of


@dataclass(frozen=True)
class Finding:
    """Says what is wrong, where, and what to do about it.

    Attributes:
        code: names the kind, for machines.
        severity: a problem is wrong now; a warning is a setting that will make it so.
        what, where, fix: for people.
        mend: does what ``fix`` says; it adds, or replaces in one step. None where a person must decide.
    """

    code: str
    severity: Literal["problem", "warning"]
    what: str
    where: str
    fix: str
    mend: Callable[[Progress], object] | None = None

    def row(self) -> dict[str, Any]:
        """Return the finding as JSON has it."""
        row = {name: getattr(self, name) for name in ("code", "severity", "what", "where", "fix")}
        return {**row, "mends": self.mend is not None}


@dataclass(frozen=True)
class Deployed:
    """Holds a repository as far as it can be read.

    Attributes:
        settings: ``feature_store.yaml`` as it is written.
        runs: the published snapshots whose manifest is right; their files may be damaged.
        store: None where nothing is applied.
    """

    repo: Path
    settings: dict[str, Any]
    runs: dict[str, Published]
    store: FeatureStore | None

    @cached_property
    def versions(self) -> dict[str, dict[int, FeatureView]]:
        """Return view → N → version N, of the views that come from published snapshots."""
        if self.store is None:
            return {}
        found = {name: recorded(self.store, name) for name, view in self.views.items() if run_of(view)}
        return {name: versions for name, versions in found.items() if versions}

    @cached_property
    def views(self) -> dict[str, FeatureView]:
        """Return all feature views by name, as they are now."""
        return {} if self.store is None else {view.name: view for view in self.store.list_feature_views()}

    @cached_property
    def services(self) -> list[FeatureService]:
        """Return all feature services."""
        return [] if self.store is None else list(self.store.list_feature_services())

    def lost_runs(self) -> dict[str, list[str]]:
        """Return run id → the references ``view@vN`` that need it, of runs that are not there."""
        lost: dict[str, list[str]] = {}
        for name, versions in self.versions.items():
            for number, view in versions.items():
                if run_of(view) not in self.runs:
                    lost.setdefault(run_of(view), []).append(f"{name}@v{number}")
        return lost

    def needing(self, run_id: str) -> str:
        """Return the references that need a run, for people."""
        refs = [
            f"{name}@v{n}" for name, versions in self.versions.items() for n in versions
            if run_of(versions[n]) == run_id
        ]  # fmt: skip
        return f"needed by {', '.join(refs)}" if refs else "needed by no view"


Check: TypeAlias = Callable[[Deployed], Iterator[Finding]]
