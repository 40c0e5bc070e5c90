"""The interface of indexes, wherever their vectors lie."""

from abc import ABC, abstractmethod

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32, I64
from embedding_features.errors import DataError
from embedding_features.ids import Ids
from embedding_features.recall.manifest import IndexManifest
from embedding_features.recall.queries import Filter, Hits, Queries, prepare_queries


class VectorIndex(ABC):
    """Finds the nearest nodes of one type, from one snapshot, by the metric of the snapshot's space.

    Filters hold before the top-K is taken: a query finds the best k of what it may find, never what is left
    of the best k of all. Any number of threads may search an index at once.

    Attributes:
        manifest: names the snapshot, the space, the node type and the settings.
    """

    manifest: IndexManifest

    def __len__(self) -> int:
        return self.manifest.count

    def search(
        self,
        queries: F32 | Queries,
        k: int,
        *,
        allow: Ids | None = None,
        deny: Ids | None = None,
        partition: str | None = None,
    ) -> Hits:
        """Return the best k for each query.

        Args:
            queries: [q, dim] vectors; as :class:`Queries` their space is checked too.
            k: rows wanted; fewer come back where the filters leave fewer.
            allow: the only ids that may be found: flat for all queries, or a list of ids for each query. Ids
                that the index lacks are passed over.
            deny: ids that must not be found, likewise: an already-seen list for each user, say.
            partition: the only partition to search; None for all.

        Raises:
            CompatibilityError: when the queries are of another space or dimension.
            DataError: on NaN or infinity, k < 1, an unknown partition, or ids of another type.
        """
        vectors = prepare_queries(queries, self.manifest.space)
        return self._search(vectors, check_positive("k", k), Filter(allow, deny, partition))

    def search_ids(
        self,
        ids: Ids,
        k: int,
        *,
        include_self: bool = False,
        allow: Ids | None = None,
        deny: Ids | None = None,
        partition: str | None = None,
    ) -> Hits:
        """Return the best k for nodes of the index itself.

        Args:
            ids: of the nodes.
            k: rows wanted.
            include_self: whether a node may find itself.
            allow: as in :meth:`search`.
            deny: as in :meth:`search`.
            partition: as in :meth:`search`.

        Raises:
            DataError: as :meth:`search`, and when an id is unknown.
        """
        rows, vectors = self._rows_and_vectors(ids)
        own_rows = None if include_self else rows
        return self._search(vectors, check_positive("k", k), Filter(allow, deny, partition, own_rows))

    def vectors_of(self, ids: Ids) -> Queries:
        """Return the vectors of nodes of the index, as queries to an index of the same space.

        Under cosine they have length 1.

        Raises:
            DataError: when an id is unknown.
        """
        return Queries(self.manifest.space, self._rows_and_vectors(ids)[1])

    @abstractmethod
    def _rows_and_vectors(self, ids: Ids) -> tuple[I64, F32]:
        """Return [n] rows and [n, dim] vectors of ``ids``, as the metric compares them.

        Raises:
            DataError: when one is unknown.
        """

    @abstractmethod
    def _search(self, vectors: F32, k: int, wanted: Filter) -> Hits:
        """Search by checked vectors and a checked k."""


def check_known(rows: I64, ids: pa.Array, manifest: IndexManifest) -> None:
    """Check that all ids were found.

    Args:
        rows: [n] row of each id, -1 for unknown ones.
        ids: [n] the ids.
        manifest: of the index, for the error.

    Raises:
        DataError: when one is unknown.
    """
    unknown = np.flatnonzero(rows < 0)
    if len(unknown):
        raise DataError(
            f"{len(unknown)} of {len(rows)} ids are not in the {manifest.node_type} index of "
            f"{manifest.run_id}, the first {ids[int(unknown[0])].as_py()!r}",
            fix="search by a vector of theirs, or leave them out",
        )


def check_positive(name: str, value: int) -> int:
    """Return the value of an argument, which must be at least 1.

    Raises:
        DataError: naming the argument, when it is not.
    """
    if value < 1:
        raise DataError(f"{name} = {value} is not at least 1")
    return value
