"""``publish``: brings snapshots into the Feast repository, through the health gate."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from embedding_features.progress import Progress
from embedding_features.space import HealthConfig
from embedding_features.store import publish_series
from jobs.sections import Publish
from jobs.workspace import Workspace


def run(settings: Publish, health: HealthConfig, workspace: Workspace, progress: Progress) -> dict[str, Any]:
    """Publish every derived snapshot, oldest first, each at the time it would have been published.

    Args:
        settings: the repository, and the publish times.
        health: the rules of the gate.
        workspace: has the derived snapshots.
        progress: shows them.
    """
    folders = [Path(folder) for folder in workspace.read_json("features", "derive", list[str])]
    published = publish_series(
        folders,
        settings.repo,
        publish_delay=timedelta(hours=settings.delay_hours),
        allow_timeless=settings.allow_timeless,
        health=health,
        progress=progress,
    )
    rows = [
        {
            "run_id": run.manifest.run_id,
            "space": run.manifest.space.id,
            "as_of": run.manifest.as_of.isoformat(),
            "published": run.created.isoformat(),
            "pin": f"@v{run.version}",
        }
        for run in published
    ]
    return {"repo": str(settings.repo), "published": rows}
