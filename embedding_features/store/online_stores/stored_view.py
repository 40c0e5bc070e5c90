"""What an online store of this library has to do for one view version."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from feast import FeatureView

from embedding_features.store.online_stores.incoming import Incoming
from embedding_features.store.online_stores.layout import Stamp
from embedding_features.store.online_stores.pushed import Key, Row
from embedding_features.store.online_stores.response import Found
from embedding_features.store.online_stores.rows import Rows
from embedding_features.store.online_stores.search.nearest import SearchedView
from embedding_features.store.online_stores.search.query import VectorQuery

#: place of a key, its pushed row or None → the row to write, or None to leave it as it is
Changed: TypeAlias = Callable[[int, Row | None], Row | None]


@dataclass(frozen=True)
class Online:
    """Says what is online of a view version.

    Attributes:
        stamp: event and created time of the snapshot; None before the first.
        entities: how many the snapshot has.
        pushed: how many rows were pushed since.
    """

    stamp: Stamp | None
    entities: int
    pushed: int


class StoredView(Protocol):
    """Keeps one view version online: its snapshot, and the rows pushed over it; for any number of threads."""

    def create(self) -> None:
        """Make the view ready for pushes; what is there stays."""

    def describe(self) -> Online | None:
        """Return what is online; None where the view was never applied."""

    def replace(self, incoming: Incoming) -> int:
        """Serve another snapshot from one step on; what it lacks is gone, and pushed rows later than it stay.

        Returns:
            The number of its entities.

        Raises:
            StoreError: when it is older than the one that is served, breaks a rule, or cannot be written;
                nothing changes then.
        """

    def push(self, rows: Sequence[Row]) -> None:
        """Add rows; those older than what is served are passed over.

        Raises:
            StoreError: when the view was never applied, or they cannot be written.
        """

    def change(self, keys: Sequence[Key], changed: Changed) -> None:
        """Replace pushed rows by what becomes of them, in one step each, whoever else writes.

        Args:
            keys: of the entities, each once.
            changed: place among the keys, pushed row (None where there is none) → row, or None to leave it
                as it is. Called again for a place where somebody else was faster: the last call counts.

        Raises:
            StoreError: when the view was never applied, or rows cannot be written.
        """

    def find_pushed(self, keys: Sequence[Key]) -> Mapping[int, Row]:
        """Return place among the keys → row, of those that were pushed.

        Raises:
            StoreError: when the view was never applied, or is damaged.
        """

    def read_arrays(self, view: FeatureView, ids: np.ndarray, features: Sequence[str], now: int) -> Rows:
        """Return the rows of ids as arrays.

        Args:
            view: the view.
            ids: [n] int64, or [n] objects of str.
            features: features of the view.
            now: microseconds since 1970, to tell what is older than the view's ttl.

        Raises:
            StoreError: when the view was never applied, or is damaged.
            DataError: when the ids online are of another type.
        """

    def read_protos(
        self, view: FeatureView, keys: Sequence[Key], features: Sequence[str], now: int
    ) -> list[Found]:
        """Return (event time, values) for each key, as :func:`.merged.merged_protos` has it.

        Raises:
            StoreError: when the view was never applied, or is damaged.
        """

    def searched(self, view: FeatureView, query: VectorQuery, now: int) -> SearchedView:
        """Return the vectors that a search looks at.

        Raises:
            StoreError: when the view was never applied, or is damaged.
        """

    def snapshot_name(self) -> Hashable:
        """Return a name of the snapshot that is online now: another one after each switch.

        Raises:
            StoreError: when the view was never applied, or is damaged.
        """
