"""``embedding_features.yaml`` of a repository: what is said about the published objects in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from pydantic import Field, model_validator

from embedding_features.config import Config, load_config
from embedding_features.files import safe_name

SETTINGS_FILE = "embedding_features.yaml"
Service: TypeAlias = Literal["ranking_dense", "ranking_discrete", "ranking_all"]


class EventsSettings(Config):
    """Says which events are kept of each node of a type, in the online store.

    Attributes:
        of: the node type of the other side of each event.
        keep: the newest N events of each node, 1 to 10,000.
    """

    of: str
    keep: int = Field(200, ge=1, le=10_000)


class RepoSettings(Config):
    """Holds the settings of a repository; every field has a default, the file may be missing.

    Attributes:
        ttl_days: the age after which a snapshot is no longer joined to a label (None: never).
        entities: node type → name of its entity, where that is not the node type: for a repository that has
            an entity of that name with another join key or type.
        services: one of ours → its name here, where the repository has a service of its name.
        events: node type → the events of which a history is kept, as the view ``<node type>_events``.
    """

    ttl_days: float | None = None
    entities: Mapping[str, str] = {}
    services: Mapping[Service, str] = {}
    events: Mapping[str, EventsSettings] = {}

    @model_validator(mode="after")
    def _distinct(self) -> "RepoSettings":
        for names in (list(self.entities.values()), [self.service(s) for s in get_args(Service)]):
            if len(set(names)) < len(names):
                raise ValueError(f"two names that are alike: {', '.join(names)}")
            for name in names:
                safe_name(name)
        return self

    @model_validator(mode="after")
    def _of_others(self) -> "RepoSettings":
        for node_type, events in self.events.items():
            safe_name(node_type, "node type")
            if events.of == node_type:
                raise ValueError(f"events of {node_type} with {node_type}: an event is of two node types")
        return self

    def entity(self, node_type: str) -> str:
        """Return the name of a node type's entity."""
        return self.entities.get(node_type, node_type)

    def service(self, name: Service) -> str:
        """Return the name that one of our services has here."""
        return self.services.get(name, name)

    @classmethod
    def of(cls, repo: Path) -> "RepoSettings":
        """Return the settings of a repository.

        Raises:
            ConfigError: when the file cannot be read, or breaks a rule.
        """
        path = repo / SETTINGS_FILE
        return load_config(path, cls) if path.is_file() else cls()
