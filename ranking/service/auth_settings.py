"""The section ``auth`` of ``service.yaml``: who may ask."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from embedding_features.config import Config

#: signatures by a private key: a shared secret in a set of public keys would let anybody sign
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_LOCAL = ("http://127.0.0.1", "http://localhost", "http://[::1]")


class NoAuth(Config):
    """Lets everybody who reaches the port ask."""

    kind: Literal["none"]


class TokenAuth(Config):
    """Lets in the bearer tokens of a file or of an environment variable (:mod:`.tokens`)."""

    kind: Literal["tokens"] = "tokens"
    file: Path | None = None
    variable: str = "EMBEDDING_FEATURES_TOKENS"
    """The environment variable that is read where there is no file."""


class OIDCAuth(Config):
    """Lets in the JSON Web Tokens of an identity provider (:mod:`.oidc`)."""

    kind: Literal["oidc"]
    issuer: str
    audience: str
    jwks: str
    """The provider's public keys: a file, or an ``https://`` URL."""
    algorithms: tuple[Algorithm, ...] = Field(default=("RS256",), min_length=1)
    leeway_seconds: float = Field(default=30, ge=0)
    """By how much clocks may differ."""
    refresh_seconds: float = Field(default=300, gt=0)
    """After how long the keys of a URL are fetched again."""
    serve_scope: str | None = None
    """The word that the claim ``scope`` or ``scp`` must hold to ask; None lets every good token ask."""
    reload_scope: str = "reload"
    """The word that it must hold to reload the bundle."""

    @field_validator("jwks")
    @classmethod
    def _fetched_in_secret(cls, jwks: str) -> str:
        if jwks.startswith("http://") and not jwks.startswith(_LOCAL):
            raise ValueError("keys fetched without TLS can be anybody's: use https://")
        return jwks


Auth = Annotated[NoAuth | TokenAuth | OIDCAuth, Field(discriminator="kind")]


def relative_to(auth: Auth, folder: Path) -> Auth:
    """Return the settings with their files taken relative to a folder."""
    if isinstance(auth, TokenAuth) and auth.file:
        return auth.model_copy(update={"file": folder / auth.file})
    if isinstance(auth, OIDCAuth) and not auth.jwks.startswith(("https://", "http://")):
        return auth.model_copy(update={"jwks": str(folder / auth.jwks)})
    return auth
