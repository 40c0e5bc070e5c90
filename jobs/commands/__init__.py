"""Registers the commands of the command line."""

import typer

from jobs.commands import (
    data,
    doctor,
    materialize,
    methods,
    push_events,
    quickstart,
    report,
    serve,
    steps,
    tune,
)
from jobs.commands.pipeline import pipeline_command
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
pipeline_command(app, steps.graph)
app.command("tune", epilog=tune.EPILOG)(tune.command)
pipeline_command(app, steps.pretrain)
pipeline_command(app, steps.derive)
pipeline_command(app, steps.publish)
app.command("materialize", epilog=materialize.EPILOG)(materialize.command)
pipeline_command(app, steps.verify)
app.command("push-events", epilog=push_events.EPILOG)(push_events.command)
app.command("doctor", epilog=doctor.EPILOG)(doctor.command)
pipeline_command(app, steps.rank)
pipeline_command(app, steps.recall)
pipeline_command(app, steps.submodel)
pipeline_command(app, steps.surface)
pipeline_command(app, steps.ablate)
app.add_typer(report.app, name="report")
app.command("serve", epilog=serve.EPILOG)(serve.command)
app.command("methods", epilog=methods.EPILOG)(methods.command)
app.command("quickstart", epilog=quickstart.EPILOG)(quickstart.command)
