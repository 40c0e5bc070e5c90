"""``materialize``: needs the Feast repository only."""

from pathlib import Path
from typing import Annotated

import typer

from jobs.options import JsonOption, epilog, run_job
from jobs.steps import materialize

EPILOG = epilog("embedding-features materialize --repo feature_repo")


def command(
    repo: Annotated[Path, typer.Option("--repo", help="The Feast repository.")] = Path("feature_repo"),
    as_json: JsonOption = False,
) -> None:
    """Bring the newest published snapshots into the online store."""
    run_job(lambda progress: materialize.run(repo, progress), as_json)
