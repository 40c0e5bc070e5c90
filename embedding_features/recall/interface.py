"""What every index answers, wherever its vectors lie."""

from abc import ABC, abstractmethod

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32, I64
from embedding_features.errors import DataError
from embedding_features.ids import Ids
from embedding_features.recall.manifest import IndexManifest
from embedding_features.recall.queries import Hits, Queries, prepared


class VectorIndex(ABC):
    """The nearest nodes of one type, from one snapshot, compared by the metric of the snapshot's space.

    Filters hold before the top-K is taken: a query finds the best k of what it may find, never what is left
    of the best k of all. Any number of threads may search an index at once.

    Attributes:
        manifest: snapshot, space, node type and settings.
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
        """The best k for each query.

        Args:
            queries: [q, dim] vectors; as :class:`Queries` their space is checked too.
            allow, deny: ids that may alone, or must not, be found: flat for all queries, or a list of ids for
                each query (an already-seen list, say). Ids the index lacks are passed over.
            partition: the only partition to search.

        Raises:
            CompatibilityError: when the queries are of another space or dimension.
            DataError: on NaN or infinity, k < 1, an unknown partition, or ids of another type.
        """
        vectors = prepared(queries, self.manifest.space)
        return self._search(vectors, _positive(k), allow, deny, partition, None)

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
        """The best k for nodes of the index itself; see :meth:`search`.

        Args:
            include_self: whether a node may find itself.

        Raises:
            DataError: as :meth:`search`, and when an id is unknown.
        """
        rows, vectors = self._known(ids)
        return self._search(vectors, _positive(k), allow, deny, partition, None if include_self else rows)

    def vectors_of(self, ids: Ids) -> Queries:
        """The vectors of nodes of the index, as queries to an index of the same space.

        Under cosine they have length 1.

        Raises:
            DataError: when an id is unknown.
        """
        return Queries(self.manifest.space, self._known(ids)[1])

    @abstractmethod
    def _known(self, ids: Ids) -> tuple[I64, F32]:
        """[n] rows and [n, dim] vectors of ``ids``, as the metric compares them.

        Raises:
            DataError: when one is unknown.
        """

    @abstractmethod
    def _search(
        self,
        vectors: F32,
        k: int,
        allow: Ids | None,
        deny: Ids | None,
        partition: str | None,
        own: I64 | None,
    ) -> Hits:
        """:meth:`search` by checked vectors; ``own`` is the row each query must not find."""


def all_known(rows: I64, ids: pa.Array, manifest: IndexManifest) -> I64:
    """``rows`` of ``ids``, -1 for unknown ones.

    Raises:
        DataError: when there are such.
    """
    lost = np.flatnonzero(rows < 0)
    if len(lost):
        raise DataError(
            f"{len(lost)} of {len(rows)} ids are not in the {manifest.node_type} index of "
            f"{manifest.run_id}, the first {ids[int(lost[0])].as_py()!r}",
            fix="search by a vector of theirs, or leave them out",
        )
    return rows


def _positive(k: int) -> int:
    if k < 1:
        raise DataError(f"k = {k} is not at least 1")
    return k
