"""What this library's online stores add to Feast's interface: arrays in, arrays out, true statuses."""

import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from feast import FeatureService, FeatureView, RepoConfig, utils
from feast.infra.registry.base_registry import BaseRegistry
from feast.online_response import OnlineResponse
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus, GetOnlineFeaturesResponse
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.value_type import ValueType

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.key_values import keys_of, refuse_misfits
from embedding_features.store.online_stores.layout import NEVER, Stamp, micros
from embedding_features.store.online_stores.pushed import Row
from embedding_features.store.online_stores.response import ExactResponse
from embedding_features.store.online_stores.rows import Rows
from embedding_features.store.online_stores.search.documents import VectorSearch
from embedding_features.store.online_stores.values import check_pushed

Written: TypeAlias = tuple[EntityKey, dict[str, Value], datetime, datetime | None]
Found: TypeAlias = tuple[datetime | None, dict[str, Value] | None]
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


class EmbeddingOnlineStore(VectorSearch):
    """Feast's online store interface, with snapshots that come and are read as arrays."""

    _versioned_read_supported = True

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

        Raises:
            StoreError: when nothing of the view is online, or it lacks a feature.
            DataError: when ids are null or of another type than the entity's.
        """

    @abstractmethod
    def describe(self, config: RepoConfig, view: FeatureView) -> Online | None:
        """What is online of a view version; None where it was never applied."""

    def get_online_features(
        self,
        config: RepoConfig,
        features: list[str] | FeatureService,
        entity_rows: list[dict[str, Any]] | Mapping[str, Any],
        registry: BaseRegistry,
        project: str,
        full_feature_names: bool = False,
        include_feature_view_version_metadata: bool = False,
    ) -> OnlineResponse:
        """Feast's own; large integers stay exact in its data frame.

        Raises:
            DataError: when an id is null, or does not fit its view's key exactly.
        """
        refuse_misfits(entity_rows, _types(registry, project, features, full_feature_names))
        response = super().get_online_features(
            config,
            features,
            entity_rows,
            registry,
            project,
            full_feature_names,
            include_feature_view_version_metadata,
        )
        return ExactResponse(response.proto, response._feature_types)

    def _read_features_per_fv(
        self,
        config: RepoConfig,
        grouped_refs: list[tuple[FeatureView, list[str]]],
        join_key_values: dict[str, Any],
        entity_name_to_join_key_map: dict[str, str],
        online_features_response: GetOnlineFeaturesResponse,
        full_feature_names: bool,
        include_feature_view_version_metadata: bool,
    ) -> None:
        """Feast's own, but what is older than ttl has the status OUTSIDE_MAX_AGE."""
        for table, names in grouped_refs:
            unique, places, length = utils._get_unique_entities(
                table, join_key_values, entity_name_to_join_key_map
            )
            places = tuple(places)
            found = self.online_read(config, table, utils._get_entity_key_protos(unique), names)
            utils._populate_response_from_feature_data(
                names, found, places, online_features_response, full_feature_names, table, length,
                include_feature_view_version_metadata,
            )  # fmt: skip
            expired = [
                i for (event, values), at in zip(found, places, strict=True) if event and values is None
                for i in at
            ]  # fmt: skip
            for vector in online_features_response.results[-len(names) :] if names else ():
                for i in expired:
                    vector.statuses[i] = FieldStatus.OUTSIDE_MAX_AGE


def _types(
    registry: BaseRegistry, project: str, features: list[str] | FeatureService, full_feature_names: bool
) -> dict[str, ValueType]:
    """Name → type of the keys of the views of features; an entity's own name stands for its key too."""
    context = utils._get_cached_request_context(registry, project, features, full_feature_names)
    key_of_entity: dict[str, str] = context[2]
    types: dict[str, ValueType] = context[3]
    return {name: types[key] for name, key in key_of_entity.items() if key in types} | types


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
    """Rows to push.

    Raises:
        StoreError: on a null list, NaN, infinity, a wrong dim, a missing feature.
        DataError: on an id that is null or of another type than the view's key.
    """
    keys_of(view, [entity for entity, *_ in data])
    rows = []
    for entity, values, event, created in data:
        check_pushed(view, values)
        rows.append(Row(entity, (micros(event), NEVER if created is None else micros(created)), values))
    return rows


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000
