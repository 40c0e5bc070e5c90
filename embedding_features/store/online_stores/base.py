"""What this library's online stores add to Feast's interface: arrays in, arrays out.

A new store is a class of settings, a :class:`.StoredView`, which keeps one view version, and the methods of
:class:`.FeastOnlineStore` that find and remove such. The tests that it must pass are
:class:`embedding_features.testing.online_store.OnlineStoreTests`.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from feast import FeatureView, RepoConfig

from embedding_features.errors import StoreError
from embedding_features.store.marks import is_history
from embedding_features.store.moments import now_micros
from embedding_features.store.online_stores.feast_reads import Written
from embedding_features.store.online_stores.feast_store import FeastOnlineStore
from embedding_features.store.online_stores.histories.history import PushedEvents
from embedding_features.store.online_stores.histories.push import push_events
from embedding_features.store.online_stores.histories.read import EventHistories, histories
from embedding_features.store.online_stores.ids import ids_of
from embedding_features.store.online_stores.incoming import Incoming
from embedding_features.store.online_stores.layout import Layout
from embedding_features.store.online_stores.rows import Rows
from embedding_features.store.online_stores.stored_view import Online

GivenIds: TypeAlias = np.ndarray | pa.Array | Sequence[int] | Sequence[str]


class EmbeddingOnlineStore(FeastOnlineStore):
    """Is an online store of Feast whose snapshots come and are read as arrays."""

    def write_table(
        self,
        config: RepoConfig,
        view: FeatureView,
        table: pa.Table | pa.RecordBatchReader,
        *,
        rows: int | None = None,
    ) -> int:
        """Make a snapshot the one that is served, in one step; what it lacks is gone.

        Args:
            config: the repository's settings.
            view: the view version.
            table: columns named as the view's entity, features and timestamps; all rows of one event time.
            rows: how many there must be; None for any number.

        Returns:
            The number of entities.

        Raises:
            StoreError: on nulls, NaN, infinity, a wrong dim, several event times, two rows of an id with one
                created time, another number of rows, or a snapshot older than what is online; for a view of
                histories. What was online stays.
        """
        if is_history(view):
            raise StoreError(
                f"view {view.name} has histories, which a snapshot would replace", fix="push its events"
            )
        batches = table.to_batches() if isinstance(table, pa.Table) else table
        incoming = Incoming(Layout.of(view), table.schema, batches, rows)
        return self._view(config, view).replace(incoming)

    def read_arrays(
        self, config: RepoConfig, view: FeatureView, ids: GivenIds, features: Sequence[str] | None = None
    ) -> Rows:
        """Return the rows of ids as arrays; the registry is not asked, so keep ``view``.

        Args:
            config: the repository's settings.
            view: the view version, of one int64 or string key.
            ids: [n], none null.
            features: those wanted; None for all of the view's. One that the view has gained since its rows
                came online is null.

        Raises:
            StoreError: when nothing of the view is online, or it has no such feature.
            DataError: when ids are null or of another type than the entity's.
        """
        names = _features_of(view, features)
        return self._view(config, view).read_arrays(view, ids_of(view, ids), names, now_micros())

    def push_events(self, config: RepoConfig, view: FeatureView, data: Sequence[Written]) -> PushedEvents:
        """Merge events into the histories of a view, as ``online_write_batch`` does, and count them.

        Args:
            config: the repository's settings.
            view: the view of histories.
            data: rows of events of a node; their own times say nothing.

        Returns:
            What became of the events.

        Raises:
            DataError: when an event breaks a rule of :func:`.checks.checked_events`; nothing is written then.
            StoreError: when the view was never applied, or cannot be written.
        """
        return push_events(self._view(config, view), view, data)

    def read_events(
        self, config: RepoConfig, view: FeatureView, ids: GivenIds, before: int | None = None
    ) -> EventHistories:
        """Return the histories of nodes as flat arrays; a node that has none has no events.

        Args:
            config: the repository's settings.
            view: the view of histories.
            ids: [n], none null.
            before: microseconds since 1970: only events before are returned; None for all.

        Raises:
            StoreError: when the view was never applied.
            DataError: when ids are null or of another type than the entity's.
        """
        keys = ids_of(view, ids).tolist()
        return histories(view, self._view(config, view).find_pushed(keys), len(keys), before)

    def describe(self, config: RepoConfig, view: FeatureView) -> Online | None:
        """Return what is online of a view version; None where it was never applied."""
        return self._view(config, view).describe()


def _features_of(view: FeatureView, features: Sequence[str] | None) -> Sequence[str]:
    """Return the features asked for; all of the view's for None.

    Raises:
        StoreError: when the view lacks one.
    """
    names = [field.name for field in view.features]
    unknown = sorted(set(features or ()) - set(names))
    if unknown:
        raise StoreError(f"view {view.name} has no feature {', '.join(unknown)}", fix=f"it has {names}")
    return names if features is None else features
