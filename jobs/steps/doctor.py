"""``doctor``: what is wrong in a deployed repository, and what was mended."""

from pathlib import Path
from typing import Any

from embedding_features.progress import Progress
from embedding_features.store.doctor import examine


def run(repo: Path, fix: bool, progress: Progress) -> dict[str, Any]:
    """Examine a repository; with ``fix`` mend it."""
    report = examine(repo, fix=fix, progress=progress)
    return {
        "repo": str(repo),
        "healthy": report.healthy,
        "mended": [finding.row() for finding in report.mended],
        "findings": [finding.row() for finding in report.left],
    }
