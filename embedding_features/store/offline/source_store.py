"""Reads a source as it is, writes to it, and measures it, for the offline store."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from feast import FeatureView
from feast.data_source import DataSource
from feast.feature_logging import LoggingConfig, LoggingSource
from feast.infra.offline_stores.duckdb import DuckDBOfflineStore
from feast.infra.offline_stores.offline_store import RetrievalJob
from feast.infra.registry.base_registry import BaseRegistry
from feast.repo_config import RepoConfig

from embedding_features.store.offline.files import library_errors
from embedding_features.store.offline.joins import is_local, is_local_parquet
from embedding_features.store.offline.pull import pull
from embedding_features.store.offline.refusals import refuse_unclear, refuse_unmeasured
from embedding_features.store.offline.writes import append


class SourceStore(DuckDBOfflineStore):  # type: ignore[misc]
    """Is Feast's duckdb store, but reads each file by its own types, and writes what it was given."""

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
        with library_errors(
            f"appending to view {feature_view.name}", "check the file of its source, and its columns"
        ):
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
        with library_errors("writing logged features", "check the path of their destination"):
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
        """Return Feast's own figures, for scalars.

        Raises:
            StoreError: when a feature is a list, or of several types.
        """
        if is_local(data_source):
            refuse_unmeasured(data_source.path, [*(name for name, _ in feature_columns), timestamp_field])
        found: list[dict[str, Any]] = DuckDBOfflineStore.compute_monitoring_metrics(
            config, data_source, feature_columns, timestamp_field, start_date, end_date, histogram_bins, top_n
        )
        return found
