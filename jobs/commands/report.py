"""``report snapshot`` and ``report ablation``: one self-contained HTML file each."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.options import JsonOption, epilog, run_job

if TYPE_CHECKING:
    from embedding_features.progress import Progress

app = typer.Typer(
    help="Show a snapshot, or a finished ablation, as one self-contained HTML file.",
    no_args_is_help=True,
    epilog=epilog("embedding-features report snapshot feature_repo/data/snapshots/spectral.s1/RUN_ID"),
)


@app.command(
    epilog=epilog(
        "embedding-features report snapshot feature_repo/data/snapshots/spectral.s1/RUN_ID "
        "--titles workspace/data/ml-100k/items.parquet:item_id:title"
    )
)
def snapshot(
    folder: Annotated[Path, typer.Argument(help="The snapshot's folder.")],
    titles: Annotated[
        list[str] | None,
        typer.Option(
            "--titles",
            help="Titles of ids; TYPE= first where the key is not named <type>_id. May be repeated.",
            metavar="[TYPE=]TABLE.parquet:KEY:COLUMN",
        ),
    ] = None,
    parent: Annotated[
        Path | None,
        typer.Option(
            "--parent",
            help="The snapshot to measure drift against.  [default: the one before it in the same folder]",
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="The page.  [default: workspace/report/RUN_ID.html]")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show a snapshot: health, drift, a map by cluster, neighbours of any id shown, norms, codebooks."""

    def job(progress: "Progress") -> dict[str, Any]:
        from jobs.steps.report import snapshot_page

        return snapshot_page(
            folder, titles or [], parent, to, _command(folder, titles or [], parent), progress
        )

    run_job(job, as_json)


@app.command(
    epilog=epilog("embedding-features report ablation workspace/report/ablation.json --to again.html")
)
def ablation(
    json: Annotated[Path, typer.Argument(help="What `embedding-features ablate` wrote as JSON.")],
    to: Annotated[Path, typer.Option("--to", help="The page.")],
    as_json: JsonOption = False,
) -> None:
    """Render an ablation's JSON again: its figures, without the task that only the job knows."""

    def job(_: "Progress") -> dict[str, Any]:
        from jobs.steps.report import ablation_page

        return ablation_page(json, to)

    run_job(job, as_json)


def _command(folder: Path, titles: list[str], parent: Path | None) -> str:
    """The command line that makes the same page again."""
    named = [part for text in titles for part in ("--titles", text)]
    against = ["--parent", str(parent)] if parent else []
    return shlex.join(["embedding-features", "report", "snapshot", str(folder), *named, *against])
