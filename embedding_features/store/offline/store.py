"""The offline store as Feast sees it."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from feast import FeatureView, OnDemandFeatureView
from feast.data_source import DataSource
from feast.feature_logging import LoggingConfig, LoggingSource
from feast.infra.offline_stores.duckdb import DuckDBOfflineStore, DuckDBOfflineStoreConfig
from feast.infra.offline_stores.offline_store import RetrievalJob
from feast.infra.registry.base_registry import BaseRegistry
from feast.repo_config import RepoConfig
from feast.utils import compute_non_entity_date_range

from embedding_features.errors import StoreError
from embedding_features.store.offline.failures import named
from embedding_features.store.offline.frame import EntityFrame
from embedding_features.store.offline.job import PointInTimeJob
from embedding_features.store.offline.joins import is_local, is_local_parquet, join_of
from embedding_features.store.offline.monitoring import refuse_unmeasured
from embedding_features.store.offline.pull import pull
from embedding_features.store.offline.requests import refuse_requests, refuse_unclear
from embedding_features.store.offline.spine import spine
from embedding_features.store.offline.writes import append


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
        entity_df: pd.DataFrame | pa.Table | None,
        registry: BaseRegistry,
        project: str,
        full_feature_names: bool = False,
        filter_by_created_timestamp: bool = False,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
    ) -> RetrievalJob:
        """Join features to the entity frame as they were known at each row's time.

        The answer is that of Feast's duckdb store, with the rows in the frame's order, and vectors as
        fixed-size lists. A call with a source that is not local Parquet, or with a substrait transformation,
        is left to Feast's store.

        Args:
            entity_df: keys and times, pandas or Arrow; None for those that the sources have from
                ``start_date`` to ``end_date``, both included (see :func:`.spine.spine`).
            filter_by_created_timestamp: a row sees only what had been created by its time, too.

        Raises:
            DataError, StoreError: here for the frame; from the job for keys, columns and files.
        """
        transformations = OnDemandFeatureView.get_requested_odfvs(feature_refs, project, registry)
        substrait = any(t.mode == "substrait" for t in transformations)
        guarded = filter_by_created_timestamp
        for view in feature_views:
            refuse_unclear(view.batch_source)
        if substrait or not all(map(is_local_parquet, feature_views)):
            if entity_df is None:
                raise StoreError(
                    "Feast's duckdb store has no retrieval without an entity dataframe",
                    fix="pass one, or ask for views of local Parquet only",
                )
            return DuckDBOfflineStore.get_historical_features(
                config,
                feature_views,
                feature_refs,
                entity_df.to_pandas() if isinstance(entity_df, pa.Table) else entity_df,
                registry,
                project,
                full_feature_names,
                guarded,
            )
        joins = [join_of(view, feature_refs, full_feature_names, guarded) for view in feature_views]
        if entity_df is None:
            refuse_requests(transformations)
            entity_df = spine(joins, *compute_non_entity_date_range(feature_views, start_date, end_date))
        frame = EntityFrame.of(entity_df)
        return PointInTimeJob(config, frame, joins, feature_refs, transformations, full_feature_names)

    @staticmethod
    def pull_latest_from_table_or_query(
        config: RepoConfig,
        data_source: DataSource,
        join_key_columns: list[str],
        feature_name_columns: list[str],
        timestamp_field: str,
        created_timestamp_column: str | None,
        start_date: datetime,
        end_date: datetime,
    ) -> RetrievalJob:
        """Read the newest row of each key in a span; of local Parquet as :func:`.pull.pull` does."""
        columns = (join_key_columns, feature_name_columns, timestamp_field, created_timestamp_column)
        if is_local(data_source):
            return pull(config, data_source.path, *columns, (start_date, end_date), newest=True)
        refuse_unclear(data_source)
        return DuckDBOfflineStore.pull_latest_from_table_or_query(
            config, data_source, *columns, start_date, end_date
        )

    @staticmethod
    def pull_all_from_table_or_query(
        config: RepoConfig,
        data_source: DataSource,
        join_key_columns: list[str],
        feature_name_columns: list[str],
        timestamp_field: str,
        created_timestamp_column: str | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
    ) -> RetrievalJob:
        """Read all rows in a span; of local Parquet as :func:`.pull.pull` does."""
        columns = (join_key_columns, feature_name_columns, timestamp_field, created_timestamp_column)
        if is_local(data_source):
            return pull(config, data_source.path, *columns, (start_date, end_date), newest=False)
        refuse_unclear(data_source)
        return DuckDBOfflineStore.pull_all_from_table_or_query(
            config, data_source, *columns, start_date, end_date
        )

    @staticmethod
    def offline_write_batch(
        config: RepoConfig,
        feature_view: FeatureView,
        table: pa.Table,
        progress: Callable[[int], Any] | None,
    ) -> None:
        """Append rows to a view's source, as Feast does; to local Parquet as :func:`.writes.append` does.

        Raises:
            DataError: when a column's values would be changed by the type that the file has.
            StoreError: when a local source is not one file, or cannot be written.
        """
        with named(f"appending to view {feature_view.name}", "check the file of its source, and its columns"):
            if is_local_parquet(feature_view):
                append(feature_view.name, feature_view.batch_source.path, table)
            else:
                DuckDBOfflineStore.offline_write_batch(config, feature_view, table, progress)

    @staticmethod
    def write_logged_features(
        config: RepoConfig,
        data: pa.Table | Path,
        source: LoggingSource,
        logging_config: LoggingConfig,
        registry: BaseRegistry,
    ) -> None:
        """Write logs of served features, as Feast does.

        Raises:
            StoreError: when they cannot be written.
        """
        with named("writing logged features", "check the path of their destination"):
            DuckDBOfflineStore.write_logged_features(config, data, source, logging_config, registry)

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
            StoreError: when a feature is a list, or of several types.
        """
        if is_local(data_source):
            refuse_unmeasured(data_source.path, [*(name for name, _ in feature_columns), timestamp_field])
        found: list[dict[str, Any]] = DuckDBOfflineStore.compute_monitoring_metrics(
            config, data_source, feature_columns, timestamp_field, start_date, end_date, histogram_bins, top_n
        )
        return found
