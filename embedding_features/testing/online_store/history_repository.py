"""A Feast repository with a view of histories of users, for tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from feast import Entity, FeatureView, ValueType

from embedding_features.store.online_stores.feast_reads import Written
from embedding_features.store.online_stores.histories.history import Event, PushedEvents, history_values
from embedding_features.store.publishing.event_views import ensure_source, event_view
from embedding_features.store.repo_settings import EventsSettings
from embedding_features.testing.online_store.repository import OnlineRepository
from embedding_features.testing.online_store.rows import T0, entity_key, make_ids

KEEP = 5
_TYPES = {"int64": ValueType.INT64, "string": ValueType.STRING}
LISTS = ("event_ids", "node_ids", "values", "times")


def event_row(user: Any, events: Sequence[Event]) -> Written:
    """Return one user's events as a row that Feast writes."""
    lists = [[getattr(event, name) for event in events] for name in ("event_id", "node_id", "value", "time")]
    return entity_key(user, names=("user_id",)), history_values(*lists), T0, None


@dataclass(frozen=True)
class HistoryRepository:
    """Is a repository with a view of histories of users with items.

    Attributes:
        repository: with Feast's store and the online store.
        users, items: ids.
    """

    repository: OnlineRepository
    users: list[Any]
    items: list[Any]

    @classmethod
    def over(cls, repository: OnlineRepository, keep: int = KEEP) -> "HistoryRepository":
        """Return a repository to which a view of histories was applied."""
        kind = _TYPES[repository.id_type]
        entities = {
            name: Entity(name=name, join_keys=[f"{name}_id"], value_type=kind) for name in ("user", "item")
        }
        view = event_view(repository.data.parent, "user", EventsSettings(of="item", keep=keep), entities)
        ensure_source(view)
        repository.feast.apply([*entities.values(), view])
        return cls(repository, make_ids(4, repository.id_type), make_ids(9, repository.id_type))

    @property
    def view(self) -> FeatureView:
        """Return the view as it is applied."""
        return self.repository.feast.get_feature_view("user_events")

    def event(self, number: int, value: float = 1.0, event_id: str = "") -> Event:
        """Return the event of a number, which is its time, too."""
        return Event(1 + number, event_id or f"e{number}", self.items[number % len(self.items)], value)

    def push(self, *rows: Written) -> PushedEvents:
        """Call ``push_events``."""
        pushed: PushedEvents = self.repository.online.push_events(
            self.repository.feast.config, self.view, list(rows)
        )
        return pushed

    def read(self, user: Any) -> list[Event]:
        """Return a user's history as ``online_read`` has it."""
        key = entity_key(user, names=("user_id",))
        ((_, values),) = self.repository.online.online_read(self.repository.feast.config, self.view, [key])
        if values is None:
            return []
        lists = [getattr(values[name], values[name].WhichOneof("val")).val for name in LISTS]
        return [
            Event(time, event_id, node, value) for event_id, node, value, time in zip(*lists, strict=True)
        ]
