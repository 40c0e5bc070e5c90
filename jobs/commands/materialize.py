"""``materialize``: needs the Feast repository only."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.options import JsonOption, TrackOption, epilog, run_tracked
from jobs.tracking import Track, TrackedRun

if TYPE_CHECKING:
    from embedding_features.progress import Progress

EPILOG = epilog("embedding-features materialize --repo feature_repo")


def command(
    repo: Annotated[Path, typer.Option("--repo", help="The Feast repository.")] = Path("feature_repo"),
    track: TrackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the newest published snapshots into the online store."""

    def job(progress: "Progress", tracked: Track) -> dict[str, Any]:
        from jobs.steps import materialize

        subject = TrackedRun("materialize", experiment=repo.resolve().name, settings={"repo": str(repo)})
        return tracked(subject, lambda: materialize.run(repo, progress))

    run_tracked(job, track, as_json)
