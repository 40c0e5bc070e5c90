"""What this library's online stores add to Feast's interface: arrays in, arrays out, true statuses."""

import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
from feast import FeatureView, RepoConfig

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.feast_reads import FeastReads, Written
from embedding_features.store.online_stores.key_values import keys_of
from embedding_features.store.online_stores.layout import NEVER, Stamp, micros
from embedding_features.store.online_stores.pushed import Row
from embedding_features.store.online_stores.rows import Rows
from embedding_features.store.online_stores.search.documents import VectorSearch
from embedding_features.store.online_stores.values import check_pushed

GivenIds: TypeAlias = np.ndarray | pa.Array | Sequence[int] | Sequence[str]


@dataclass(frozen=True)
class Online:
    """What is online of a view version.

    Attributes:
        stamp: of the snapshot; None before the first.
        entities: of the snapshot.
        pushed: rows pushed since.
    """

    stamp: Stamp | None
    entities: int
    pushed: int


class EmbeddingOnlineStore(FeastReads, VectorSearch):
    """Feast's online store interface, with snapshots that come and are read as arrays."""

    @abstractmethod
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
            table: columns named as the view's entity, features and timestamps; all rows of one event time.
            rows: how many there must be.

        Returns:
            The number of entities.

        Raises:
            StoreError: on nulls, NaN, infinity, a wrong dim, several event times, two rows of an id with one
                created time, another number of rows, or a snapshot older than what is online. What was online
                stays.
        """

    @abstractmethod
    def read_arrays(
        self, config: RepoConfig, view: FeatureView, ids: GivenIds, features: Sequence[str] | None = None
    ) -> Rows:
        """The rows of ids as arrays; the registry is not asked, so keep ``view``.

        A feature that the view has gained since its rows came online is null.

        Raises:
            StoreError: when nothing of the view is online, or it has no such feature.
            DataError: when ids are null or of another type than the entity's.
        """

    @abstractmethod
    def describe(self, config: RepoConfig, view: FeatureView) -> Online | None:
        """What is online of a view version; None where it was never applied."""


def chosen(view: FeatureView, features: Sequence[str] | None) -> Sequence[str]:
    """The features asked for; all of the view's for None.

    Raises:
        StoreError: when it lacks one.
    """
    names = [field.name for field in view.features]
    unknown = sorted(set(features or ()) - set(names))
    if unknown:
        raise StoreError(f"view {view.name} has no feature {', '.join(unknown)}", fix=f"it has {names}")
    return names if features is None else features


def checked_rows(view: FeatureView, data: Sequence[Written]) -> list[Row]:
    """Rows that are written by themselves.

    Raises:
        StoreError: when one breaks a rule of :func:`.values.check_pushed`, or has no id or event time.
        DataError: when an id is of another type than the view's key.
    """
    rows = []
    for entity, values, event, created in data:
        check_pushed(view, values)
        for key, value in zip(entity.join_keys, entity.entity_values, strict=True):
            if value.WhichOneof("val") is None:
                raise StoreError(f"a row of view {view.name} has null as {key}", fix="drop it: it has no id")
        if pd.isna(event):
            raise StoreError(
                f"a row of view {view.name} has no event time", fix="give every row its event time"
            )
        rows.append(Row(entity, (micros(event), _created(created)), values))
    keys_of(view, [row.entity for row in rows])
    return rows


def _created(moment: datetime | None) -> int:
    return NEVER if moment is None or pd.isna(moment) else micros(moment)


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000
