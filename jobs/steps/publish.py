"""``publish``: snapshots into the Feast repository, through the gate."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from embedding_features.progress import Progress
from embedding_features.store import publish_series
from jobs.pipeline import Pipeline


def run(pipeline: Pipeline, progress: Progress) -> dict[str, Any]:
    """Publish every derived snapshot, oldest first, each at the time it would have been published."""
    folders = [Path(folder) for folder in pipeline.workspace.read_json("features", "derive", list[str])]
    published = publish_series(
        folders,
        pipeline.publish.repo,
        publish_delay=timedelta(hours=pipeline.publish.delay_hours),
        allow_timeless=pipeline.publish.allow_timeless,
        health=pipeline.health,
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
    return {"repo": str(pipeline.publish.repo), "published": rows}
