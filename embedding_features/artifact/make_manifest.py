"""How the manifest of a snapshot is made, from the fit, its vectors and what was derived from them."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from embedding_features.artifact.derived import DerivedFeatures
from embedding_features.artifact.embeddings import Embeddings, EmbeddingTable, Provenance
from embedding_features.artifact.identity import run_id
from embedding_features.artifact.kinds import KINDS, Kind
from embedding_features.artifact.manifest import Alignment, FreshRecord, Manifest, NodeRecord, Space
from embedding_features.artifact.tables import checked_ids
from embedding_features.config import config_hash, parse_config


def make_manifest(
    embeddings: Embeddings,
    derived: DerivedFeatures | None,
    space: Space,
    parent: str | None,
    alignment: Alignment | None,
    health: Mapping[str, Mapping[str, float]],
    fresh: Mapping[str, FreshRecord],
    tables: Sequence[tuple[str, Kind]],
) -> Manifest:
    """Return the manifest of a snapshot before its files are written and listed.

    Args:
        embeddings: the vectors and how they came to be.
        derived: what was derived from them; None for vectors alone.
        space: what the vectors live in.
        parent: run id of the snapshot this one continues.
        alignment: how the vectors were brought into the parent's space.
        health: node type → figure → value.
        fresh: node type → how near fresh vectors are to stored ones.
        tables: (node type, kind) of each table.
    """
    recipe = dict(derived.recipe) if derived else {}
    values = _fit_values(embeddings.provenance, parent, recipe) | {
        "space": space,
        "alignment": alignment,
        "nodes": {node_type: _node(table) for node_type, table in embeddings.tables.items()},
        "kinds": [kind for kind in KINDS if any(kind == k for _, k in tables)],
        "codebooks": [codebook.record for codebook in derived.codebooks] if derived else [],
        "health": {node_type: dict(figures) for node_type, figures in health.items()},
        "fresh": dict(fresh),
    }
    return parse_config(values, Manifest, "the manifest of this snapshot")


def _fit_values(made: Provenance, parent: str | None, recipe: dict[str, Any]) -> dict[str, Any]:
    """Return what a manifest says of the fit, and the run id that follows from it."""
    config = dict(made.config)
    run = run_id(
        made.method,
        made.as_of,
        config=config,
        seed=made.seed,
        graph_fingerprint=made.graph_fingerprint,
        parent=parent,
        derived=recipe,
    )
    return {
        "run_id": run,
        "library_version": version("embedding-features"),
        "method": made.method,
        "config": config,
        "config_hash": config_hash(config),
        "seed": made.seed,
        "as_of": made.as_of,
        "parent": parent,
        "graph_fingerprint": made.graph_fingerprint,
        "edges": {
            name: {"count": count, "first": first, "last": last}
            for name, (count, first, last) in made.edges.items()
        },
        "read": {source: dict(files) for source, files in made.read.items()},
        "sides": made.sides,
        "derived": recipe,
        "figures": dict(made.figures),
    }


def _node(table: EmbeddingTable) -> NodeRecord:
    ids = checked_ids(table)
    id_type = "string" if ids.is_string else "int64"
    return NodeRecord(count=len(ids), catalogue=table.catalogue, id_type=id_type, ids_hash=ids.hash)
