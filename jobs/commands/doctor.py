"""``doctor``: needs the Feast repository only."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.options import JsonOption, epilog, run_job

if TYPE_CHECKING:
    from embedding_features.progress import Progress

EPILOG = epilog(
    "embedding-features doctor --repo feature_repo --fix\n\n"
    "Exits with 0 when no problem is left (warnings may be), with 6 when one is."
)
UNHEALTHY = 6


def command(
    repo: Annotated[Path, typer.Option("--repo", help="The Feast repository.")] = Path("feature_repo"),
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended; nothing is lost.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Find what is wrong in a deployed repository, and mend it."""
    healthy: list[bool] = []

    def job(progress: "Progress") -> dict[str, Any]:
        from jobs.steps import doctor

        result = doctor.run(repo, fix, progress)
        healthy.append(result["healthy"])
        return result

    run_job(job, as_json)
    if healthy != [True]:
        raise typer.Exit(UNHEALTHY)
