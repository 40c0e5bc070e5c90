"""``verify``: checks that nothing published is later than it claims, altered, or unknown to the logs."""

from typing import Any

from embedding_features.graph.schema import GraphSchema
from embedding_features.graph.verify import verify_as_of
from embedding_features.progress import Progress
from embedding_features.store import verify_repo
from jobs.sections import Publish


def run(settings: Publish, schema: GraphSchema, progress: Progress) -> dict[str, Any]:
    """Check every published snapshot, and recount its edges in the logs as of its moment (exit 4: a leak).

    Args:
        settings: the repository, and whether edges without timestamps may be in it.
        schema: says where the logs are.
        progress: shows the snapshots.
    """
    runs = verify_repo(settings.repo, allow_timeless=settings.allow_timeless)
    rows = []
    with progress.task("verify", len(runs)) as advance:
        for run_ in runs:
            made = run_.manifest
            recorded = {name: (edges.count, edges.first, edges.last) for name, edges in made.edges.items()}
            for name, check in verify_as_of(schema, recorded, made.as_of).items():
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
