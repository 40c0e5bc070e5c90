"""``materialize``: the newest snapshot of each family into the online store."""

from pathlib import Path
from typing import Any

from embedding_features.progress import Progress
from embedding_features.store import materialize


def run(repo: Path, progress: Progress) -> dict[str, Any]:
    """Bring the newest published snapshots online; those that are there already are left alone."""
    rows = [
        {
            "view": f"{done.view}@v{done.version}",
            "run_id": done.run_id,
            "rows": done.rows,
            "written": done.written,
        }
        for done in materialize(repo, progress=progress)
    ]
    return {"repo": str(repo), "materialized": rows}
