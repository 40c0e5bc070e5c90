"""Feast's reads and writes over an online store: true statuses, exact integers, and without blocking."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from feast import FeatureService, FeatureView, RepoConfig, utils
from feast.infra.online_stores.online_store import OnlineStore
from feast.infra.registry.base_registry import BaseRegistry
from feast.infra.supported_async_methods import SupportedAsyncMethods
from feast.online_response import OnlineResponse
from feast.protos.feast.serving.ServingService_pb2 import GetOnlineFeaturesResponse
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.value_type import ValueType

from embedding_features.store.online_stores.key_values import refuse_misfits
from embedding_features.store.online_stores.response import ExactResponse, Found, fill, unique_entities

Written: TypeAlias = tuple[EntityKey, dict[str, Value], datetime, datetime | None]
Grouped: TypeAlias = list[tuple[FeatureView, list[str]]]


class FeastReads(OnlineStore):  # type: ignore[misc]
    """Answers Feast by ``online_read`` and ``online_write_batch``; asynchronously in a thread."""

    _versioned_read_supported = True

    @property
    def async_supported(self) -> SupportedAsyncMethods:
        """Return that reads and writes are."""
        return SupportedAsyncMethods(read=True, write=True)

    async def online_read_async(
        self,
        config: RepoConfig,
        table: FeatureView,
        entity_keys: list[EntityKey],
        requested_features: list[str] | None = None,
    ) -> list[Found]:
        """Do what ``online_read`` does; others go on meanwhile."""
        return await asyncio.to_thread(self.online_read, config, table, entity_keys, requested_features)

    async def online_write_batch_async(
        self,
        config: RepoConfig,
        table: FeatureView,
        data: list[Written],
        progress: Callable[[int], Any] | None,
    ) -> None:
        """Do what ``online_write_batch`` does; others go on meanwhile."""
        await asyncio.to_thread(self.online_write_batch, config, table, data, progress)

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
        """Return Feast's own answer, in whose data frame large integers stay exact.

        Raises:
            DataError: when an id is null, or does not fit its view's key exactly.
        """
        refuse_misfits(entity_rows, _types(registry, project, features, full_feature_names))
        response = super().get_online_features(
            config, features, entity_rows, registry, project, full_feature_names,
            include_feature_view_version_metadata,
        )  # fmt: skip
        return ExactResponse(response.proto, response._feature_types)

    async def get_online_features_async(
        self,
        config: RepoConfig,
        features: list[str] | FeatureService,
        entity_rows: list[dict[str, Any]] | Mapping[str, Any],
        registry: BaseRegistry,
        project: str,
        full_feature_names: bool = False,
        include_feature_view_version_metadata: bool = False,
    ) -> OnlineResponse:
        """Do what :meth:`get_online_features` does; others go on meanwhile."""
        refuse_misfits(entity_rows, _types(registry, project, features, full_feature_names))
        response = await super().get_online_features_async(
            config, features, entity_rows, registry, project, full_feature_names,
            include_feature_view_version_metadata,
        )  # fmt: skip
        return ExactResponse(response.proto, response._feature_types)

    def _read_features_per_fv(
        self,
        config: RepoConfig,
        grouped_refs: Grouped,
        join_key_values: dict[str, Any],
        entity_name_to_join_key_map: dict[str, str],
        online_features_response: GetOnlineFeaturesResponse,
        full_feature_names: bool,
        include_feature_view_version_metadata: bool,
    ) -> None:
        """Do what Feast does, but give what is older than ttl the status OUTSIDE_MAX_AGE."""
        for table, names in grouped_refs:
            keys, places, length = unique_entities(table, join_key_values, entity_name_to_join_key_map)
            fill(
                online_features_response, table, names, self.online_read(config, table, keys, names), places,
                length, full_feature_names, include_feature_view_version_metadata,
            )  # fmt: skip

    async def _read_features_per_fv_async(
        self,
        config: RepoConfig,
        grouped_refs: Grouped,
        join_key_values: dict[str, Any],
        entity_name_to_join_key_map: dict[str, str],
        online_features_response: GetOnlineFeaturesResponse,
        full_feature_names: bool,
        include_feature_view_version_metadata: bool,
    ) -> None:
        """Do what :meth:`_read_features_per_fv` does, for all views at once."""
        asked = [
            unique_entities(table, join_key_values, entity_name_to_join_key_map) for table, _ in grouped_refs
        ]
        answers = await asyncio.gather(
            *(
                self.online_read_async(config, table, keys, names)
                for (table, names), (keys, _, _) in zip(grouped_refs, asked, strict=True)
            )
        )
        for (table, names), (_, places, length), found in zip(grouped_refs, asked, answers, strict=True):
            fill(
                online_features_response, table, names, found, places, length, full_feature_names,
                include_feature_view_version_metadata,
            )  # fmt: skip


def _types(
    registry: BaseRegistry, project: str, features: list[str] | FeatureService, full_feature_names: bool
) -> dict[str, ValueType]:
    """Return name → type of the keys of the features' views.

    An entity's own name stands for its key, too.
    """
    context = utils._get_cached_request_context(registry, project, features, full_feature_names)
    key_of_entity: dict[str, str] = context[2]
    types: dict[str, ValueType] = context[3]
    return {name: types[key] for name, key in key_of_entity.items() if key in types} | types
