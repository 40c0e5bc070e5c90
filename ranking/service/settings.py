"""``service.yaml``: the settings of the service."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SerializeAsAny

from embedding_features.config import Config, load_config
from embedding_features.recall import Exact, RecallSettings
from ranking.service.auth_settings import Auth, TokenAuth, relative_to

Positive = Annotated[float, Field(gt=0)]


class Limits(Config):
    """Bounds what one request may ask for, and all of them together."""

    body_bytes: int = Field(default=2**20, ge=1)
    """Bytes of a request's body."""
    items: int = Field(default=1000, ge=1)
    """Candidates of one request."""
    events: int = Field(default=1000, ge=1)
    """Events that one request brings."""
    k: int = Field(default=1000, ge=1)
    """Neighbours of one recall, or recommendations of one request."""
    queries: int = Field(default=100, ge=1)
    """Ids or vectors of one recall."""
    in_flight: int = Field(default=64, ge=1)
    """Requests at once; more are told to come again."""
    timeout_seconds: Positive = 2
    """Time from a request's first byte to its answer."""
    drain_seconds: Positive = 10
    """Time from SIGTERM to the end, for what was begun."""


class StoreSettings(Config):
    """When the online store counts as away."""

    timeout_seconds: Positive = 0.5
    """Time for all the reads of one request."""
    failures: int = Field(default=3, ge=1)
    """How many reads must fail one after another until requests no longer try."""
    probe_seconds: Positive = 1
    """Time between two looks at the store; the first that succeeds lets requests try again."""


class CandidateSettings(Config):
    """The first stage: which vectors are searched for candidates, and how."""

    service: str = "ranking_dense"
    """The Feast service whose vectors are searched."""
    user: str = "user"
    """Node type of the users."""
    item: str = "item"
    """Node type of the items."""
    candidates: int = Field(default=200, ge=1)
    """Candidates of a recommendation whose request does not say how many."""
    timeout_seconds: Positive = 1
    """Time for one search; a recommendation that takes longer ranks the popular items."""
    index: SerializeAsAny[RecallSettings] = Exact()
    """How the vectors are indexed."""
    domains: dict[str, Path] = {}
    """Node type → Parquet file with columns ``id`` and ``domain``: the partitions of its index."""


class Settings(Config):
    """Holds the settings of ``service.yaml``; paths are relative to it."""

    auth: Auth = TokenAuth()
    limits: Limits = Limits()
    store: StoreSettings = StoreSettings()
    recall: CandidateSettings = CandidateSettings()
    columns: dict[str, Annotated[str, Field(pattern=r"^[^:@]+(@v\d+)?:[^:@]+$")]] = {}
    """Raw column → the Feast feature that gives it, ``view:feature`` or ``view@vN:feature``."""
    user_key: str = "user_id"
    """Key column of the users' entity in Feast."""
    item_key: str = "item_id"
    """Key column of the items' entity in Feast."""
    popular: Path | None = None
    """Parquet file with a column ``item_id``, best first: what users without a vector are recommended."""
    public_metrics: bool = False
    """Whether ``/metrics`` needs no token."""
    poll_seconds: Positive | None = None
    """Time between two looks at whether the bundle was replaced; None looks when told to only."""
    scoring_threads: int = Field(default=1, ge=1)
    """Threads that score; more than one lets requests be scored at the same time."""


def load_settings(path: Path | None) -> Settings:
    """Return the settings of a file; the defaults without one.

    Raises:
        ConfigError: when the file is missing, no YAML, or breaks a rule.
    """
    if path is None:
        return Settings()
    settings, folder = load_config(path, Settings), path.parent
    recall = settings.recall
    domains = {node_type: folder / file for node_type, file in recall.domains.items()}
    return settings.model_copy(
        update={
            "auth": relative_to(settings.auth, folder),
            "popular": settings.popular and folder / settings.popular,
            "recall": recall.model_copy(update={"domains": domains}),
        }
    )
