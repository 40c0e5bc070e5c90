"""``materialize``: needs the Feast repository only."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.options import JsonOption, epilog, run_job

if TYPE_CHECKING:
    from embedding_features.progress import Progress

EPILOG = epilog("embedding-features materialize --repo feature_repo")


def command(
    repo: Annotated[Path, typer.Option("--repo", help="The Feast repository.")] = Path("feature_repo"),
    as_json: JsonOption = False,
) -> None:
    """Bring the newest published snapshots into the online store."""

    def job(progress: "Progress") -> dict[str, Any]:
        from jobs.steps import materialize

        return materialize.run(repo, progress)

    run_job(job, as_json)
