"""``materialize``: brings the newest snapshot of each family online; needs the Feast repository only."""

from pathlib import Path
from typing import Annotated, Any

import typer

from embedding_features.progress import Progress
from jobs.options import JsonOption, TrackOption, epilog, run_tracked
from jobs.tracking import Track, TrackedRun

EPILOG = epilog("embedding-features materialize --repo feature_repo")


def command(
    repo: Annotated[Path, typer.Option("--repo", help="The Feast repository.")] = Path("feature_repo"),
    track: TrackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the newest published snapshots into the online store."""

    def job(progress: Progress, track: Track) -> dict[str, Any]:
        tracked = TrackedRun("materialize", experiment=repo.resolve().name, settings={"repo": str(repo)})
        return track(tracked, lambda: materialize_newest(repo, progress))

    run_tracked(job, track, as_json)


def materialize_newest(repo: Path, progress: Progress) -> dict[str, Any]:
    """Bring the newest published snapshots online; those that are there already are left alone."""
    from embedding_features.store import materialize

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
