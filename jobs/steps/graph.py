"""``graph``: builds the graph from the logs, as of each of the pipeline's moments."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from embedding_features.config import config_hash
from embedding_features.errors import GraphError
from embedding_features.files import sweep_staging
from embedding_features.graph import Graph
from embedding_features.graph.schema import GraphSchema
from embedding_features.progress import Progress
from embedding_features.sources.files import find_files
from embedding_features.sources.report import FileReport
from embedding_features.sources.sql import Subject
from jobs.workspace import Workspace


def run(
    schema: GraphSchema, moments: Sequence[datetime], workspace: Workspace, progress: Progress
) -> dict[str, Any]:
    """Build the graph as of every moment; ids keep their rows from one moment to the next.

    A graph whose source files have not changed is kept; one with an sql source is built again, for we do not
    know its files, and kept if it comes out the same.

    Args:
        schema: says where the logs are.
        moments: in order.
        workspace: gets the graphs, and their folders as ``graphs.json``.
        progress: shows the moments.
    """
    sweep_staging(workspace.root)
    known = {row["state"]: row["folder"] for row in workspace.read_json_or("graphs", [])}
    state, parent, rows = _source_state(schema), None, []
    with progress.task("graph", len(moments)) as advance:
        for as_of in moments:
            state = config_hash({"before": state, "as_of": as_of.isoformat()})
            folder = known.get(state, "")
            if not folder or not Path(folder).is_dir() or _has_sql(schema):
                folder = save_graph(schema, as_of, parent, workspace.graphs)
            parent = Graph.load(Path(folder))
            rows.append({**_row(parent), "state": state, "folder": folder})
            advance(1, str(as_of.date()))
    workspace.write_json("graphs", rows)
    graphs = [{k: v for k, v in row.items() if k not in ("state", "folder")} for row in rows]
    return {"graphs": graphs, **(_read(parent) if parent else {})}


def save_graph(schema: GraphSchema, as_of: datetime, parent: Graph | None, root: Path) -> str:
    """Return the folder of the graph as of a moment; build and save it if it is not there."""
    graph = Graph.build(schema, as_of, parent=parent)
    folder = root / f"{as_of:%Y%m%dT%H%M%SZ}-{graph.fingerprint[:10]}"
    if not folder.exists():
        graph.save(folder)
    return str(folder)


def _row(graph: Graph) -> dict[str, Any]:
    counts = {name: relation.forward.edges for name, relation in graph.relations.items()}
    sizes = {name: len(vocabulary) for name, vocabulary in graph.vocabularies.items()}
    return {"as_of": graph.as_of.isoformat(), **sizes, **counts}


def _read(graph: Graph) -> dict[str, Any]:
    """Return what the last build read, dropped and kept: by source, and by file."""
    merged = {f"relation {name!r}": report for name, report in graph.report.relations.items()}
    totals = [
        {"source": name, **FileReport.total(files.values()).model_dump()}
        | {field: getattr(merged.get(name), field, None) for field in ("repeated", "merged", "kept")}
        for name, files in graph.report.files.items()
    ]
    files = [
        {"source": name, "file": file, **report.model_dump()}
        for name, reports in graph.report.files.items()
        for file, report in reports.items()
        if file
    ]
    return {"read": totals, "files": files}


def _has_sql(schema: GraphSchema) -> bool:
    return any(relation.sql for relation in schema.relations.values())


def _source_state(schema: GraphSchema) -> str:
    """Return a hash of the schema and of each source file's name, size and modification time."""
    tables = [*schema.relations.values(), *(n.features for n in schema.nodes.values() if n.features)]
    globs = [pattern for table in tables if (pattern := table.parquet or table.csv)]
    found = (find_files(pattern, schema.folder, Subject(pattern, GraphError)) for pattern in globs)
    paths = sorted({path for files in found for path in files})
    stats = [(path, (s := Path(path).stat()).st_size, s.st_mtime_ns) for path in paths]
    return config_hash({"schema": schema.model_dump(mode="json"), "files": stats})
