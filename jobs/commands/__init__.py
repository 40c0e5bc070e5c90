"""The commands of the command line."""

import typer

from jobs.commands import data, doctor, materialize, methods, quickstart, report, serve
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
pipeline_command(app, "graph", "Build the graph from the logs, as of each of the moments.")
pipeline_command(app, "pretrain", "Learn vectors on each graph, in one lasting space.")
pipeline_command(app, "derive", "Derive clusters, tokens and neighbours; check health.")
pipeline_command(app, "publish", "Publish the snapshots to the Feast repository.")
app.command("materialize", epilog=materialize.EPILOG)(materialize.command)
pipeline_command(app, "verify", "Check what is published for leaks and damage.")
app.command("doctor", epilog=doctor.EPILOG)(doctor.command)
pipeline_command(app, "rank", "Train the rankers, with and without the features.")
pipeline_command(app, "recall", "Candidates, then ranks: what each of the two stages loses.")
pipeline_command(app, "submodel", "An encoder inside a ranker, beside its vectors as features.")
pipeline_command(app, "ablate", "Say what each feature brought: HTML report and JSON.")
app.add_typer(report.app, name="report")
app.command("serve", epilog=serve.EPILOG)(serve.command)
app.command("methods", epilog=methods.EPILOG)(methods.command)
app.command("quickstart", epilog=quickstart.EPILOG)(quickstart.command)
