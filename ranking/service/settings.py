"""``service.yaml``: the settings of the service."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SerializeAsAny, field_validator

from embedding_features.config import Config, load_config
from embedding_features.recall import Exact, RecallSettings

Positive = Annotated[float, Field(gt=0)]
#: signatures by a private key: a shared secret in a set of public keys would let anybody sign
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_LOCAL = ("http://127.0.0.1", "http://localhost", "http://[::1]")


class NoAuth(Config):
    """Everybody who reaches the port may ask."""

    kind: Literal["none"]


class TokenAuth(Config):
    """Bearer tokens of a file or of an environment variable (:mod:`.tokens`)."""

    kind: Literal["tokens"] = "tokens"
    file: Path | None = None
    variable: str = "EMBEDDING_FEATURES_TOKENS"
    """Looked at where there is no file."""


class OIDCAuth(Config):
    """JSON Web Tokens of an identity provider (:mod:`.oidc`)."""

    kind: Literal["oidc"]
    issuer: str
    audience: str
    jwks: str
    """The provider's public keys: a file, or an ``https://`` URL."""
    algorithms: tuple[Algorithm, ...] = Field(default=("RS256",), min_length=1)
    leeway_seconds: float = Field(default=30, ge=0)
    """By how much clocks may differ."""
    refresh_seconds: Positive = 300
    """After which keys of a URL are fetched again."""
    serve_scope: str | None = None
    """Needed in the claim ``scope`` or ``scp`` to ask; None asks for none."""
    reload_scope: str = "reload"
    """Needed to reload."""

    @field_validator("jwks")
    @classmethod
    def _secret(cls, jwks: str) -> str:
        if jwks.startswith("http://") and not jwks.startswith(_LOCAL):
            raise ValueError("keys fetched without TLS can be anybody's: use https://")
        return jwks


Auth = Annotated[NoAuth | TokenAuth | OIDCAuth, Field(discriminator="kind")]


class Limits(Config):
    """What one request may ask for, and all of them together."""

    body_bytes: int = Field(default=2**20, ge=1)
    items: int = Field(default=1000, ge=1)
    """Candidates of a request."""
    k: int = Field(default=1000, ge=1)
    queries: int = Field(default=100, ge=1)
    """Ids or vectors of one recall."""
    in_flight: int = Field(default=64, ge=1)
    """Requests at once; more are told to come again."""
    timeout_seconds: Positive = 2
    """From a request's first byte to its answer."""
    drain_seconds: Positive = 10
    """From SIGTERM to the end, for what was begun."""


class Store(Config):
    """When the online store counts as away."""

    timeout_seconds: Positive = 0.5
    """Of one request's reads."""
    failures: int = Field(default=3, ge=1)
    """One after another, after which requests no longer try."""
    probe_seconds: Positive = 1
    """Between two looks at the store; the first that succeeds ends it."""


class Recalling(Config):
    """The first stage."""

    service: str = "ranking_dense"
    """The Feast service whose vectors are searched."""
    user: str = "user"
    """Node type of the users."""
    item: str = "item"
    """Node type of the items."""
    candidates: int = Field(default=200, ge=1)
    """Of a recommendation, where the request does not say."""
    timeout_seconds: Positive = 1
    """Of one search; a recommendation then takes the popular items."""
    index: SerializeAsAny[RecallSettings] = Exact()
    domains: dict[str, Path] = {}
    """Node type → Parquet file with columns ``id`` and ``domain``: the partitions of its index."""


class Settings(Config):
    """What ``service.yaml`` holds; paths are relative to it."""

    auth: Auth = TokenAuth()
    limits: Limits = Limits()
    store: Store = Store()
    recall: Recalling = Recalling()
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
    """Between two looks at whether the bundle was replaced; None looks when told to only."""
    scoring_threads: int = Field(default=1, ge=1)


def load_settings(path: Path | None) -> Settings:
    """The settings of a file; the defaults without one.

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
            "auth": _placed(settings.auth, folder),
            "popular": settings.popular and folder / settings.popular,
            "recall": recall.model_copy(update={"domains": domains}),
        }
    )


def _placed(auth: Auth, folder: Path) -> Auth:
    if isinstance(auth, TokenAuth) and auth.file:
        return auth.model_copy(update={"file": folder / auth.file})
    if isinstance(auth, OIDCAuth) and not auth.jwks.startswith(("https://", "http://")):
        return auth.model_copy(update={"jwks": str(folder / auth.jwks)})
    return auth
