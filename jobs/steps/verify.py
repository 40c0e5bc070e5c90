"""``verify``: nothing published is later than it claims, altered, or unknown to the logs."""

from typing import Any

from embedding_features.graph.verify import verify_as_of
from embedding_features.progress import Progress
from embedding_features.store import verify_repo
from jobs.pipeline import Pipeline


def run(pipeline: Pipeline, progress: Progress) -> dict[str, Any]:
    """Check every published snapshot, and recount its edges in the logs as of its moment (exit 4: a leak)."""
    runs = verify_repo(pipeline.publish.repo, allow_timeless=pipeline.publish.allow_timeless)
    rows = []
    with progress.task("verify", len(runs)) as advance:
        for run_ in runs:
            made = run_.manifest
            recorded = {name: (edges.count, edges.first, edges.last) for name, edges in made.edges.items()}
            for name, check in verify_as_of(pipeline.graph, recorded, made.as_of).items():
                rows.append(
                    {
                        "run_id": made.run_id,
                        "relation": name,
                        "edges": check.recorded,
                        "in the logs": check.logs,
                        "latest": check.recorded_last.isoformat() if check.recorded_last else None,
                    }
                )
            advance(1, made.run_id)
    return {"verified": rows}
