"""The offline store as Feast sees it."""

from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa
from feast import FeatureView, OnDemandFeatureView
from feast.data_source import DataSource
from feast.infra.offline_stores.duckdb import DuckDBOfflineStore, DuckDBOfflineStoreConfig
from feast.infra.offline_stores.offline_store import RetrievalJob
from feast.infra.registry.base_registry import BaseRegistry
from feast.repo_config import RepoConfig

from embedding_features.store.offline.frame import EntityFrame
from embedding_features.store.offline.job import PointInTimeJob
from embedding_features.store.offline.joins import is_local, is_local_parquet, join_of
from embedding_features.store.offline.monitoring import refuse_lists


class EmbeddingOfflineStoreConfig(DuckDBOfflineStoreConfig):  # type: ignore[misc]
    """``offline_store`` in ``feature_store.yaml``: what Feast's duckdb store takes, and

    Attributes:
        map_snapshots: decode published snapshots once, into a hidden file beside each table, and gather from
            these; False leaves the repository as it is, and joins from Parquet only.
    """

    type: str = "embedding_features.store.offline.EmbeddingOfflineStore"
    map_snapshots: bool = True


class EmbeddingOfflineStore(DuckDBOfflineStore):  # type: ignore[misc]
    """Feast's duckdb store with point-in-time joins that read each label's row once."""

    @staticmethod
    def get_historical_features(
        config: RepoConfig,
        feature_views: list[FeatureView],
        feature_refs: list[str],
        entity_df: pd.DataFrame | pa.Table,
        registry: BaseRegistry,
        project: str,
        full_feature_names: bool = False,
        filter_by_created_timestamp: bool = False,
    ) -> RetrievalJob:
        """Join features to the entity frame as they were known at each row's time.

        The answer is that of Feast's duckdb store, with the rows in the frame's order, and vectors as
        fixed-size lists. A call with a source that is not local Parquet, or with a substrait transformation,
        is left to Feast's store.

        Args:
            entity_df: keys and times, pandas or Arrow.
            filter_by_created_timestamp: a row sees only what had been created by its time, too.

        Raises:
            DataError, StoreError: here for the frame; from the job for keys, columns and files.
        """
        transformations = OnDemandFeatureView.get_requested_odfvs(feature_refs, project, registry)
        substrait = any(t.mode == "substrait" for t in transformations)
        if substrait or not all(map(is_local_parquet, feature_views)):
            return DuckDBOfflineStore.get_historical_features(
                config,
                feature_views,
                feature_refs,
                entity_df.to_pandas() if isinstance(entity_df, pa.Table) else entity_df,
                registry,
                project,
                full_feature_names,
                filter_by_created_timestamp,
            )
        frame = EntityFrame.of(entity_df)
        guarded = filter_by_created_timestamp
        joins = [join_of(view, feature_refs, full_feature_names, guarded) for view in feature_views]
        return PointInTimeJob(config, frame, joins, feature_refs, transformations, full_feature_names)

    @staticmethod
    def compute_monitoring_metrics(
        config: RepoConfig,
        data_source: DataSource,
        feature_columns: list[tuple[str, str]],
        timestamp_field: str,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        histogram_bins: int = 20,
        top_n: int = 10,
    ) -> list[dict[str, Any]]:
        """Feast's own, for scalars.

        Raises:
            StoreError: when a feature is a list.
        """
        if is_local(data_source):
            refuse_lists(data_source.path, (name for name, _ in feature_columns))
        found: list[dict[str, Any]] = DuckDBOfflineStore.compute_monitoring_metrics(
            config, data_source, feature_columns, timestamp_field, start_date, end_date, histogram_bins, top_n
        )
        return found
