"""The retrieval job of a point-in-time join."""

import logging
from collections.abc import Sequence

import ibis  # type: ignore[import-untyped]
import pandas as pd
import pyarrow as pa
from feast import OnDemandFeatureView
from feast.infra.offline_stores.duckdb import _write_data_source
from feast.infra.offline_stores.ibis import IbisRetrievalJob
from feast.infra.offline_stores.offline_store import RetrievalJob, RetrievalMetadata
from feast.repo_config import RepoConfig
from feast.saved_dataset import SavedDatasetStorage

from embedding_features.errors import DataError
from embedding_features.store.offline.asof import join_by_asof
from embedding_features.store.offline.files import library_errors, source_files
from embedding_features.store.offline.frame import EntityFrame
from embedding_features.store.offline.joins import Join
from embedding_features.store.offline.mapped import join_by_map
from embedding_features.store.offline.writes import saved

_log = logging.getLogger(__name__)


class PointInTimeJob(RetrievalJob):  # type: ignore[misc]
    """Joins when it is asked for the result, and anew each time."""

    def __init__(
        self,
        config: RepoConfig,
        frame: EntityFrame,
        joins: Sequence[Join],
        refs: list[str],
        transformations: list[OnDemandFeatureView],
        full_feature_names: bool,
    ) -> None:
        super().__init__()
        self._config, self._frame, self._joins = config, frame, joins
        self._transformations, self._full_feature_names = transformations, full_feature_names
        keys = [name for name in frame.table.column_names if name != frame.event]
        self._metadata = RetrievalMetadata(refs, keys, *frame.span())

    def _to_arrow_internal(self, timeout: int | None = None) -> pa.Table:  # noqa: ARG002
        table = self._frame.table
        for join in self._joins:
            for (_, name), column in zip(join.features, self._columns(join), strict=True):
                if name in table.column_names:
                    raise DataError(
                        f"view {join.view} brings a column {name}, which is there already",
                        fix="ask with full_feature_names, or rename the frame's column",
                    )
                table = table.append_column(name, column)
        return table

    def _columns(self, join: Join) -> list[pa.Array]:
        files = source_files(join.path)
        if self._config.offline_store.map_snapshots:
            try:
                columns = join_by_map(join, files, self._frame)
            except OSError as error:
                _log.warning("view %s is joined from Parquet: cannot map its snapshots: %s", join.view, error)
                columns = None
            if columns is not None:
                return columns
        return join_by_asof(join, files, self._frame)

    def _to_df_internal(self, timeout: int | None = None) -> pd.DataFrame:
        frame: pd.DataFrame = self._to_arrow_internal(timeout).to_pandas()
        return frame

    @property
    def full_feature_names(self) -> bool:
        """Return whether columns are named ``<view>__<feature>``."""
        return self._full_feature_names

    @property
    def on_demand_feature_views(self) -> list[OnDemandFeatureView]:
        """Return the transformations that Feast applies to the result."""
        return self._transformations

    @property
    def metadata(self) -> RetrievalMetadata:
        """Return the references, the keys, and the span of the entity frame."""
        return self._metadata

    def persist(
        self, storage: SavedDatasetStorage, allow_overwrite: bool = False, timeout: int | None = None
    ) -> None:
        """Write the result, without on-demand features, to where Feast's store would; times in microseconds.

        Raises:
            StoreError: when it cannot be written.
        """
        with library_errors("writing a saved dataset", "check its path, and the room there"):
            self._as_stock().persist(storage, allow_overwrite, timeout)

    def supports_remote_storage_export(self) -> bool:
        """Return whether ``staging_location`` is set."""
        return self._config.offline_store.staging_location is not None

    def to_remote_storage(self) -> list[str]:
        """Write the result as a Delta table below ``staging_location``, and return its files."""
        with library_errors("writing to remote storage", "check staging_location"):
            return list(self._as_stock().to_remote_storage())

    def _as_stock(self) -> IbisRetrievalJob:
        """Return the result as a job of Feast's own store, which knows how to write it."""
        settings = self._config.offline_store
        return IbisRetrievalJob(
            ibis.memtable(saved(self._to_arrow_internal(), self._frame)),
            self._transformations,
            self._full_feature_names,
            self._metadata,
            _write_data_source,
            settings.staging_location,
            settings.staging_location_endpoint_override,
            str(self._config.repo_path),
        )
