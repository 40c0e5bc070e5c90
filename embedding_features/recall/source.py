"""The vectors that an index is built from, of one snapshot and node type, in the order of rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import pyarrow as pa

from embedding_features.arrays import F32
from embedding_features.artifact import Metric, Snapshot
from embedding_features.errors import CompatibilityError, DataError
from embedding_features.ids import Ids
from embedding_features.recall.catalogue import Catalogue, arrange
from embedding_features.recall.manifest import IndexManifest
from embedding_features.recall.queries import as_compared
from embedding_features.recall.settings import RecallSettings


@dataclass(frozen=True)
class VectorSource:
    """The vectors to index, with their ids.

    Attributes:
        manifest: of the index that is to be built.
        catalogue: ids by row.
        vectors: [n, dim] float32 by row, as the metric compares them.
    """

    manifest: IndexManifest
    catalogue: Catalogue
    vectors: F32


def read_source(
    snapshot: Snapshot,
    node_type: str,
    settings: RecallSettings,
    *,
    metric: Metric | None,
    partitions: Mapping[Any, str] | Ids | None,
) -> VectorSource:
    """Read all vectors of a node type; arguments and errors are those of :meth:`.RecallIndex.build`."""
    made = snapshot.manifest
    if metric is not None and metric != made.space.metric:
        raise CompatibilityError(
            f"asked for the metric {metric}, the vectors of {made.run_id} are of {made.space}",
            fix=f"search by {made.space.metric}, or train with {metric}",
        )
    table = snapshot.vectors(node_type)
    if len(table.ids) == 0:
        raise DataError(f"{snapshot.folder} has no {node_type} vectors to search")
    order, spans = arrange(table.ids, partitions)
    manifest = IndexManifest(
        library_version=version("embedding-features"),
        run_id=made.run_id,
        as_of=made.as_of,
        space=made.space,
        node_type=node_type,
        id_type="int64" if table.ids.type == pa.int64() else "string",
        settings=settings,
        count=len(order),
        partitions=dict(spans),
    )
    vectors = as_compared(table.vectors[order], made.space.metric)
    return VectorSource(manifest, Catalogue(table.ids.take(pa.array(order))), vectors)
