"""``graph``: the logs as a graph, at each of the pipeline's moments."""

import glob
from datetime import datetime
from pathlib import Path
from typing import Any

from embedding_features.config import config_hash
from embedding_features.files import sweep_staging
from embedding_features.graph import Graph
from embedding_features.graph.schema import GraphSchema
from embedding_features.progress import Progress
from jobs.pipeline import Pipeline


def run(pipeline: Pipeline, progress: Progress) -> dict[str, Any]:
    """Build the graph as of every moment; ids keep their rows from one moment to the next."""
    workspace = pipeline.workspace
    sweep_staging(workspace.root)
    rows, parent, chain = [], None, _source_state(pipeline.graph)
    moments = pipeline.as_of.moments()
    with progress.task("graph", len(moments)) as advance:
        for as_of in moments:
            chain = config_hash({"parent": chain, "as_of": as_of.isoformat()})
            folder = workspace.graphs / f"{as_of:%Y%m%dT%H%M%SZ}-{chain[:10]}"
            parent = _graph(pipeline.graph, as_of, parent, folder)
            rows.append(_row(parent, folder))
            advance(1, str(as_of.date()))
    workspace.write_json("graphs", rows)
    return {"graphs": [{k: v for k, v in row.items() if k != "folder"} for row in rows]}


def _graph(schema: GraphSchema, as_of: datetime, parent: Graph | None, folder: Path) -> Graph:
    if not folder.exists():
        Graph.build(schema, as_of, parent=parent).save(folder)
    return Graph.load(folder)


def _row(graph: Graph, folder: Path) -> dict[str, Any]:
    counts = {name: relation.forward.edges for name, relation in graph.relations.items()}
    sizes = {name: len(vocabulary) for name, vocabulary in graph.vocabularies.items()}
    return {"as_of": graph.as_of.isoformat(), **sizes, **counts, "folder": str(folder)}


def _source_state(schema: GraphSchema) -> str:
    """Hash of the schema and of each source file's name, size and modification time.

    An sql source has no files we know of: after its data changed, remove the workspace's graphs.
    """
    tables = [*schema.relations.values(), *(n.features for n in schema.nodes.values() if n.features)]
    patterns = [pattern for table in tables if (pattern := table.parquet or table.csv)]
    paths = sorted({p for pattern in patterns for p in glob.glob(str(schema.folder / pattern), recursive=True)})
    stats = [(path, (s := Path(path).stat()).st_size, s.st_mtime_ns) for path in paths]
    return config_hash({"schema": schema.model_dump(mode="json"), "files": stats})
