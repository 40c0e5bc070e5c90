"""What a service calls: online arrays, training rows and recall, from one deployed repository."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32
from embedding_features.errors import DataError
from embedding_features.ids import Ids, id_column
from embedding_features.recall import Hits, Queries, RecallIndex, RecallSettings
from embedding_features.store.client.current_plans import CurrentPlans
from embedding_features.store.client.fresh import FreshMethods
from embedding_features.store.client.plans import AskedIds
from embedding_features.store.client.recall import ClientRecall
from embedding_features.store.online_stores.rows import Rows
from embedding_features.store.outside_errors import file_errors
from embedding_features.store.retrieval.frames import Frame
from embedding_features.store.retrieval.historical import joined


class EmbeddingFeatures(FreshMethods):
    """Reads a deployed Feast repository as arrays, from any number of threads.

    What is asked for is resolved once and kept until the registry changes, which each call looks at, by one
    ``stat`` of a file or one query of a database: a snapshot that was published, or a service that was pinned
    anew, is seen by the next call.
    Features are named by a service (``"ranking_dense"``), or by references ``view``, ``view@vN``,
    ``view:feature`` or ``view@vN:feature``. Histories of events are written by :meth:`push_events`, and read
    as they are now by :meth:`events`.

    Args:
        repo: folder of the repository.
        index: the kind of recall index; :class:`.Exact` when None.
        domains: node type → id → domain: the partitions of its recall index.

    Raises:
        StoreError: when the folder is no repository, or nothing is applied in it.
    """

    def __init__(
        self,
        repo: Path | str,
        *,
        index: RecallSettings | None = None,
        domains: Mapping[str, Mapping[Any, str]] | None = None,
    ) -> None:
        super().__init__()
        self.repo = Path(repo).resolve()
        self._plans = CurrentPlans(self.repo)
        self._recall = ClientRecall(self.repo, index, domains or {})

    @file_errors("reading online")
    def online(self, ids: AskedIds, features: str | Sequence[str]) -> Mapping[str, Rows]:
        """Return the values served now, by view, rows in the order of the ids.

        Args:
            ids: ids [n] (NumPy, Arrow, a list, a series of pandas or polars, or one id; no null), or key
                column → ids [n] for each entity.
            features: name of a service, or references; see :class:`EmbeddingFeatures`.

        Returns:
            View → :class:`Rows`: ``arrays`` of NumPy (``torch.from_numpy`` takes them as they are), and the
            masks ``found`` and ``expired`` (older than the view's ttl).

        Raises:
            StoreError: on an unknown service, view, version or feature, or a view that is not online.
            DataError: when ids are missing, null, or of another type than the entity's.
        """
        return self._plans.get().read(features, ids)

    def keys(self, features: str | Sequence[str]) -> tuple[str, ...]:
        """Return the key columns that features are looked up by; errors are those of :meth:`online`."""
        return self._plans.get().of(features).all_keys

    @file_errors("joining")
    def historical(
        self,
        frame: Frame,
        features: str | Sequence[str],
        *,
        strict: bool = True,
        filter_by_created_timestamp: bool = False,
    ) -> pa.Table:
        """Return training rows; arguments and errors are those of :func:`.historical`."""
        plans = self._plans.get()
        asked = list(plans.of(features).asked)
        return joined(plans.store, frame, asked, strict, filter_by_created_timestamp)

    @file_errors("recalling")
    def recall(
        self,
        queries: F32 | Queries | Ids,
        k: int,
        node_type: str,
        *,
        service: str = "ranking_dense",
        by: str | None = None,
        allow: Ids | None = None,
        deny: Ids | None = None,
        domain: str | None = None,
    ) -> Hits:
        """Return the best k nodes of a type, out of the snapshot that a service is pinned to.

        Args:
            queries: vectors [q, dim], or with ``by`` ids [q], or one id.
            k: nodes wanted of each query; fewer come back where a filter leaves fewer.
            node_type: what is searched, by the service's vectors of it.
            service: name of the service whose snapshot is searched.
            by: the node type of the ids, whose vectors are read online, pushed ones too; an id without a
                vector gets no hits, and one of ``node_type`` itself does not find itself.
            allow: ids that may be found; None for all. See :meth:`.RecallIndex.search`.
            deny: ids that may not be found.
            domain: the partition that is searched; None for all.

        Raises:
            StoreError: when the service has not one view of vectors of a node type.
            CompatibilityError: when vectors are of another space or dimension than those searched.
            DataError, SnapshotError: as the index has them.
        """
        index = self.index(node_type, service=service)
        if by is None:
            vectors = queries if isinstance(queries, Queries) else np.asarray(queries)
            return index.search(vectors, k, allow=allow, deny=deny, partition=domain)
        if isinstance(queries, Queries):
            raise DataError(f"vectors as ids of {by}", fix="give ids, or leave out by=")
        source = self._plans.get().vectors(service, by)
        ids = id_column(queries)
        (rows,) = self.online(ids, [source.ref]).values()
        return self._recall.search(index, source, rows, ids, k, allow=allow, deny=deny, domain=domain)

    @file_errors("reading the recall index")
    def index(self, node_type: str, *, service: str = "ranking_dense") -> RecallIndex:
        """Return the index that :meth:`recall` searches, mapped into memory; who first asks for it builds it.

        It lies below ``<repo>/data/recall/<run id>/``. Ask for it in the job that publishes, and no request
        has to wait for the building.

        Raises:
            StoreError: when the service has not one view of vectors of that node type.
            SnapshotError: when its snapshot is missing or damaged.
        """
        plans = self._plans.get()
        return self._recall.index(plans.vectors(service, node_type), plans)

    def close(self) -> None:
        """Let go of the store and the indexes. What was read stays valid; further calls fail."""
        self._plans.close()
        self._recall.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
