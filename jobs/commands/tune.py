"""``tune``: searches for better settings of what is pretrained."""

from typing import Annotated, Any, Literal

import typer

from embedding_features.progress import Progress
from jobs.commands.pipeline import config_file
from jobs.options import ConfigOption, JsonOption, epilog, run_job

EPILOG = epilog(
    "embedding-features tune --config pipeline.yaml --trials 50 --minutes 30\n\n"
    "embedding-features tune -c ml100k --method als --parameter regularization --metric ndcg@20 --json"
)


def command(
    config: ConfigOption,
    method: Annotated[
        str | None,
        typer.Option(
            "--method",
            help="A method or family of the pipeline, or another method; by default that of pretrain.",
            show_default=False,
        ),
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            help="Search this one, and others named likewise; by default all that are tunable.",
            show_default=False,
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            help="Moment of the graph, with a zone; by default the pipeline's first.",
            metavar="MOMENT",
            show_default=False,
        ),
    ] = None,
    trials: Annotated[int, typer.Option("--trials", help="Those of a resumed search included.")] = 30,
    minutes: Annotated[
        float | None, typer.Option("--minutes", help="Begin no trial after so many.", show_default=False)
    ] = None,
    metric: Annotated[
        str, typer.Option("--metric", help="recall or ndcg with a cut-off, on pairs held out.")
    ] = "recall@20",
    split: Annotated[
        Literal["time", "random"] | None,
        typer.Option(
            "--split",
            help="What is held out: the last edges (the default where there are times), or any.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Search for better settings on a validation split, and write the YAML to use.

    The same command again goes on where it was stopped.
    """

    def job(progress: Progress) -> dict[str, Any]:
        from jobs.pipeline import load_pipeline
        from jobs.steps import tune

        options = tune.TuneOptions(method, parameters or (), as_of, trials, minutes, metric, split)
        return tune.run(load_pipeline(config_file(config)), options, progress)

    run_job(job, as_json)
