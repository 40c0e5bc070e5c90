"""``verify``: checks that nothing published is later than it claims, altered, or unknown to the logs."""

from itertools import groupby
from typing import Any

from embedding_features.artifact import Snapshot
from embedding_features.graph import Graph
from embedding_features.graph.schema import GraphSchema
from embedding_features.graph.verify import may_be_empty, verify_as_of
from embedding_features.methods.verify_fold_ins import verify_fold_ins
from embedding_features.progress import Progress
from embedding_features.store import verify_repo
from jobs.sections import Publish


def run(settings: Publish, schema: GraphSchema, progress: Progress) -> dict[str, Any]:
    """Check every published snapshot against the logs as of its moment (exit 4: a leak).

    Its edges are recounted, and what it folds nodes in by is made again (:func:`.verify_fold_ins`).

    Args:
        settings: the repository, and whether edges without timestamps may be in it.
        schema: says where the logs are.
        progress: shows the snapshots.
    """
    runs = verify_repo(settings.repo, allow_timeless=settings.allow_timeless)
    rows: list[dict[str, Any]] = []
    by_moment = sorted(runs, key=lambda run_: run_.as_of)
    with progress.task("verify", len(runs)) as advance:
        for as_of, of_moment in groupby(by_moment, key=lambda run_: run_.as_of):
            logs = Graph.build(may_be_empty(schema), as_of)
            for run_ in of_moment:
                rows += _rows(run_.snapshot, schema, logs)
                advance(1, run_.manifest.run_id)
    return {"verified": rows}


def _rows(snapshot: Snapshot, schema: GraphSchema, logs: Graph) -> list[dict[str, Any]]:
    made = snapshot.manifest
    recorded = {name: (edges.count, edges.first, edges.last) for name, edges in made.edges.items()}
    checks = verify_as_of(schema, recorded, made.as_of)
    fold_ins = verify_fold_ins(snapshot, logs)
    return [
        {
            "run_id": made.run_id,
            "relation": name,
            "edges": check.recorded,
            "in the logs": check.logs,
            "latest": check.recorded_last.isoformat() if check.recorded_last else None,
            "fold-ins": fold_ins[name],
        }
        for name, check in checks.items()
    ]
