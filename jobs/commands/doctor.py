"""``doctor``: says what is wrong in a deployed repository, and mends it; needs the Feast repository only."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from embedding_features.progress import Progress
from jobs.console import Bars, emit
from jobs.options import JsonOption, epilog

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
    result = examined(repo, fix, Bars())
    if as_json:
        emit(result, as_json)
    else:
        typer.echo("\n".join(lines(result)))
    if not result["healthy"]:
        raise typer.Exit(UNHEALTHY)


def examined(repo: Path, fix: bool, progress: Progress) -> dict[str, Any]:
    """Examine a repository, with ``fix`` mend it, and return what was found, mended and left."""
    from embedding_features.store.doctor import examine

    report = examine(repo, fix=fix, progress=progress)
    return {
        "repo": str(repo),
        "healthy": report.healthy,
        "mended": [finding.row() for finding in report.mended],
        "findings": [finding.row() for finding in report.left],
    }


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a result for a person."""
    for finding in result["mended"]:
        yield f"mended: {finding['code']} at {finding['where']}: {finding['what']}"
    for finding in result["findings"]:
        yield f"{finding['severity']}: {finding['code']} at {finding['where']}: {finding['what']}"
        yield f"  fix: {finding['fix']}{' (--fix does it)' if finding['mends'] else ''}"
    yield f"{result['repo']} is {'healthy' if result['healthy'] else 'not healthy'}"
