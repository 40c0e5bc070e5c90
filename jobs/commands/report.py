"""``report snapshot`` and ``report ablation``: write one self-contained HTML file each."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from embedding_features.progress import Progress
from jobs.options import JsonOption, epilog, run_job

if TYPE_CHECKING:
    from embedding_features.artifact.manifest import Cosines, FreshRecord
    from ranking.report.snapshot.render import SnapshotReport

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
    """Show a snapshot: health, drift, fresh vectors, a map by cluster, neighbours, norms, codebooks."""
    titles = titles or []
    again = _command(folder, titles, parent)
    run_job(lambda progress: snapshot_page(folder, titles, parent, to, again, progress), as_json)


@app.command(
    epilog=epilog("embedding-features report ablation workspace/report/ablation.json --to again.html")
)
def ablation(
    json: Annotated[Path, typer.Argument(help="What `embedding-features ablate` wrote as JSON.")],
    to: Annotated[Path, typer.Option("--to", help="The page.")],
    as_json: JsonOption = False,
) -> None:
    """Render an ablation's JSON again: its figures, without the task that only the job knows."""
    run_job(lambda _: ablation_page(json, to), as_json)


def _command(folder: Path, titles: list[str], parent: Path | None) -> str:
    """Return the command line that makes the same page again."""
    named = [part for text in titles for part in ("--titles", text)]
    against = ["--parent", str(parent)] if parent else []
    return shlex.join(["embedding-features", "report", "snapshot", str(folder), *named, *against])


def snapshot_page(
    folder: Path, titles: list[str], parent: Path | None, to: Path | None, command: str, progress: Progress
) -> dict[str, Any]:
    """Write the page of a snapshot, and return what it found.

    Args:
        folder: the snapshot's.
        titles: ``[TYPE=]table.parquet:key:column`` each.
        parent: the snapshot to measure drift against; by default the one before it in the same folder.
        to: the page; by default in ``workspace/report``.
        command: what the page says it was made by.
        progress: shows the node types.

    Raises:
        ConfigError: for titles of another form, or of no node type.
        DataError: when a table of titles cannot be read.
        SnapshotError: when a folder is no whole snapshot.
    """
    from embedding_features.artifact import Snapshot
    from ranking.report.snapshot.collect import collect_report, snapshot_before
    from ranking.report.snapshot.render import render_snapshot
    from ranking.report.snapshot.titles import TitleSource

    snapshot = Snapshot.open(folder)
    sources = [TitleSource.parse(text, sorted(snapshot.manifest.nodes)) for text in titles]
    before = Snapshot.open(parent) if parent else snapshot_before(snapshot)
    report = collect_report(snapshot, before, sources, command, progress)
    path = to or Path("workspace/report") / f"{snapshot.manifest.run_id}.html"
    render_snapshot(report, path)
    return {**_summary(report), "report": str(path.resolve())}


def _summary(report: "SnapshotReport") -> dict[str, Any]:
    from ranking.report.snapshot.findings import fresh_findings, snapshot_findings

    fresh = report.manifest.fresh
    findings = [*snapshot_findings(report.checks, report.drift, report.parent), *fresh_findings(fresh)]
    return {
        "findings": [{"finding": sentence} for sentence in findings],
        "healthy": all(check.passed for check in report.checks) if report.checks else None,
        "coverage": [
            {"of": check.node_type, "figure": check.figure, "value": check.value}
            for check in report.checks
            if check.figure in ("coverage", "fresh_coverage")
        ],
        "drift": [
            {
                "of": one.node_type,
                "shared": one.shared,
                "new": one.new,
                "gone": one.gone,
                "mean cosine": None if one.cosines is None else float(one.cosines.mean()),
                "neighbours kept": one.neighbours_kept,
                "clusters kept": one.clusters_kept,
            }
            for one in report.drift
        ],
        "fresh": [row for node_type, record in fresh.items() for row in _fresh_rows(node_type, record)],
    }


def _fresh_rows(node_type: str, record: "FreshRecord") -> Iterator[dict[str, Any]]:
    """Yield a row of cosines of this snapshot, then one for each number of new events by its parent."""
    yield {"of": node_type, "new events": None, **_cosines(record.own)}
    if record.since_parent:
        for group, found in record.since_parent.moved.items():
            yield {"of": node_type, "new events": group, **_cosines(found)}


def _cosines(found: "Cosines") -> dict[str, Any]:
    return {"nodes": found.count, "mean cosine": found.mean, **found.quantiles}


def ablation_page(json: Path, to: Path) -> dict[str, Any]:
    """Render an ablation's JSON again.

    Raises:
        DataError: when the file is missing or is no ablation's result.
    """
    from ranking.ablation.result import Ablation
    from ranking.report.context import ReportContext
    from ranking.report.render import render

    ablation = Ablation.read_json(json)
    context = ReportContext(
        title=f"Ablation of {json.name}",
        task=f"Rendered again from {json.name}; what was predicted, on which splits and from which snapshots "
        "stands in the page the job wrote.",
    )
    render(ablation, to, context)
    return {"report": str(to.resolve())}
