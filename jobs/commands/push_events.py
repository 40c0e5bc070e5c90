"""``push-events``: merges a file of events into online histories; needs the Feast repository only."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from embedding_features.errors import DataError
from jobs.options import JsonOption, epilog, run_job

EPILOG = epilog(
    "embedding-features push-events --repo feature_repo --node user events.parquet\n\n"
    "where embedding_features.yaml of the repository says: events: {user: {of: item, keep: 200}}"
)


def command(
    file: Annotated[
        Path,
        typer.Argument(
            help="Parquet with NODE_id, OF_id, value, event_timestamp (with a zone) and, maybe, event_id.",
            metavar="FILE.parquet",
        ),
    ],
    node: Annotated[
        str, typer.Option("--node", help="The node type whose histories they are, such as user.")
    ],
    repo: Annotated[Path, typer.Option("--repo", help="The Feast repository.")] = Path("feature_repo"),
    as_json: JsonOption = False,
) -> None:
    """Merge events into the histories in the online store; the same file again changes nothing."""
    run_job(lambda _: pushed_file(repo, node, file), as_json)


def pushed_file(repo: Path, node_type: str, file: Path) -> dict[str, Any]:
    """Push the events of a Parquet file, all or none, and return what became of them.

    Raises:
        DataError: when the file cannot be read, or an event breaks a rule of
            :meth:`.EmbeddingFeatures.push_events`.
        StoreError: when no histories of that node type are kept, or they cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from embedding_features.store import EmbeddingFeatures

    with EmbeddingFeatures(repo) as client:
        try:
            events = pq.read_table(file)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{file} cannot be read: {error}", fix="name a Parquet file of events") from None
        return {"repo": str(repo), "node": node_type, **asdict(client.push_events(node_type, events))}
