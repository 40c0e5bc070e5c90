"""The commands of the command line; one file a job."""

import typer

from jobs.commands import data, methods
from jobs.options import EXIT_CODES

app = typer.Typer(
    name="embedding-features",
    help="Pretrained graph embeddings as point-in-time correct Feast features for rankers.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(data.app, name="data")
app.command("methods", epilog=methods.EPILOG)(methods.command)
