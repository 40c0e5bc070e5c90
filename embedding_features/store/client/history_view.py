"""The view of a node type's histories, and the store that merges what is pushed to it."""

from dataclasses import dataclass

from feast import FeatureStore, FeatureView, RepoConfig
from feast.errors import FeatureViewNotFoundException

from embedding_features.errors import NoHistoriesError, StoreError
from embedding_features.store.marks import is_history, mark
from embedding_features.store.online_stores.base import EmbeddingOnlineStore
from embedding_features.store.online_stores.histories.history import view_name
from embedding_features.store.outside_errors import feast_errors
from embedding_features.store.repo_settings import SETTINGS_FILE
from embedding_features.store.retrieval.online_rows import online_store_of


@dataclass(frozen=True)
class HistoryView:
    """Holds a view of histories, and where it is online.

    Attributes:
        online: the store.
        config: the repository's settings.
        view: the view, as it is applied.
    """

    online: EmbeddingOnlineStore
    config: RepoConfig
    view: FeatureView

    @property
    def key(self) -> str:
        """Return the column of the nodes whose histories they are."""
        return str(self.view.entity_columns[0].name)

    @property
    def other_key(self) -> str:
        """Return the column of the nodes of the other side."""
        return f"{mark(self.view, 'of')}_id"


def history_view(store: FeatureStore, node_type: str) -> HistoryView | None:
    """Return the view of a node type's histories; None where there is none.

    Raises:
        StoreError: when the registry cannot be read, or the online store is not one of this library.
    """
    name = view_name(node_type)
    with feast_errors(f"looking up {name}"):
        try:
            view = store.get_feature_view(name)
        except FeatureViewNotFoundException:
            view = None
    if view is None or not is_history(view):
        return None
    online = online_store_of(store)
    if not isinstance(online, EmbeddingOnlineStore):
        raise StoreError(
            f"online_store {store.config.online_store.type} replaces the row that it has by the one that is "
            f"written, so events pushed to {name} would be lost",
            fix="use SnapshotOnlineStore or RedisEmbeddingOnlineStore, which merge them",
        )
    return HistoryView(online, store.config, view)


def no_histories(node_type: str) -> NoHistoriesError:
    """Return the error of asking for the histories of a node type that has none."""
    return NoHistoriesError(
        f"no histories of {node_type} are kept: there is no view {view_name(node_type)} of events",
        fix=f"write 'events: {{{node_type}: {{of: …}}}}' into {SETTINGS_FILE}, publish a snapshot of "
        "both node types, and feast apply",
    )
