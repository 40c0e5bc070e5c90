"""The offline store as Feast sees it."""

from datetime import datetime

import pandas as pd
import pyarrow as pa
from feast import FeatureView, OnDemandFeatureView
from feast.infra.offline_stores.duckdb import DuckDBOfflineStore, DuckDBOfflineStoreConfig
from feast.infra.offline_stores.offline_store import RetrievalJob
from feast.infra.registry.base_registry import BaseRegistry
from feast.repo_config import RepoConfig
from feast.utils import compute_non_entity_date_range

from embedding_features.errors import StoreError
from embedding_features.store.offline.frame import EntityFrame
from embedding_features.store.offline.job import PointInTimeJob
from embedding_features.store.offline.joins import is_local_parquet, join_of
from embedding_features.store.offline.non_entity import entities_of_sources
from embedding_features.store.offline.refusals import refuse_requests, refuse_unclear
from embedding_features.store.offline.source_store import SourceStore


class EmbeddingOfflineStoreConfig(DuckDBOfflineStoreConfig):  # type: ignore[misc]
    """Holds the settings ``offline_store`` of ``feature_store.yaml``: those of Feast's duckdb store, too.

    Attributes:
        map_snapshots: decode published snapshots once, into a hidden file beside each table, and gather from
            these; False leaves the repository as it is, and joins from Parquet only.
    """

    type: str = "embedding_features.store.offline.EmbeddingOfflineStore"
    map_snapshots: bool = True


class EmbeddingOfflineStore(SourceStore):
    """Is Feast's duckdb store with point-in-time joins that read each label's row once."""

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
            config: the repository's settings.
            feature_views: the views, each with its pin.
            feature_refs: references ``view:feature``.
            entity_df: keys and times, pandas or Arrow; None for those that the sources have from
                ``start_date`` to ``end_date``, both included (see :func:`.entities_of_sources`).
            registry: Feast's registry.
            project: name of the project.
            full_feature_names: name columns ``<view>__<feature>``.
            filter_by_created_timestamp: a row sees only what had been created by its time, too.
            start_date: first event time of a call without an entity dataframe.
            end_date: last event time of such a call.

        Raises:
            DataError, StoreError: here for the frame; from the job for keys, columns and files.
        """
        transformations = OnDemandFeatureView.get_requested_odfvs(feature_refs, project, registry)
        substrait = any(t.mode == "substrait" for t in transformations)
        guarded = filter_by_created_timestamp
        for view in feature_views:
            refuse_unclear(view.batch_source)
        if substrait or not all(map(is_local_parquet, feature_views)):
            return _through_feast(
                config, feature_views, feature_refs, entity_df, registry, project, full_feature_names, guarded
            )
        joins = [join_of(view, feature_refs, full_feature_names, guarded) for view in feature_views]
        if entity_df is None:
            refuse_requests(transformations)
            entity_df = entities_of_sources(
                joins, *compute_non_entity_date_range(feature_views, start_date, end_date)
            )
        frame = EntityFrame.of(entity_df)
        return PointInTimeJob(config, frame, joins, feature_refs, transformations, full_feature_names)


def _through_feast(
    config: RepoConfig,
    views: list[FeatureView],
    refs: list[str],
    entity_df: pd.DataFrame | pa.Table | None,
    registry: BaseRegistry,
    project: str,
    full_feature_names: bool,
    by_created: bool,
) -> RetrievalJob:
    """Return the job of Feast's own store.

    Raises:
        StoreError: when there is no entity dataframe, which that store needs.
    """
    if entity_df is None:
        raise StoreError(
            "Feast's duckdb store has no retrieval without an entity dataframe",
            fix="pass one, or ask for views of local Parquet only",
        )
    frame = entity_df.to_pandas() if isinstance(entity_df, pa.Table) else entity_df
    return DuckDBOfflineStore.get_historical_features(
        config, views, refs, frame, registry, project, full_feature_names, by_created
    )
