"""Bearer tokens of a file or an environment variable.

::

    - {name: web, sha256: 2bb80d…, expires: 2027-01-01T00:00:00Z}
    - {name: deploy, sha256: 6ca13d…, scopes: [serve, reload]}

``sha256`` is of the token, as ``printf %s "$TOKEN" | sha256sum`` prints it; ``token`` may stand for it. The
variable holds such a list, or one token by itself, which may do everything.
"""

import hashlib
import hmac
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import yaml
from pydantic import AwareDatetime, Field, SecretStr, model_validator

from embedding_features.config import Config, parse_config, read_yaml
from embedding_features.errors import ConfigError
from ranking.service.auth_settings import TokenAuth
from ranking.service.callers import Caller, Scope, invalid_token

#: characters of a token: shorter ones can be tried out
SHORTEST = 16


class Token(Config):
    """A token by itself or its hash, who holds it, and what it allows until when."""

    name: str
    token: Annotated[SecretStr, Field(min_length=SHORTEST)] | None = None
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    expires: AwareDatetime | None = None
    scopes: tuple[Scope, ...] = ("serve",)

    @model_validator(mode="after")
    def _one_form(self) -> "Token":
        if (self.token is None) == (self.sha256 is None):
            raise ValueError("give either token or sha256")
        return self

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the token."""
        return (
            bytes.fromhex(self.sha256)
            if self.sha256
            else _digest((self.token or SecretStr("")).get_secret_value())
        )


class Tokens(Config):
    """The entries of a list of tokens."""

    tokens: tuple[Token, ...] = Field(min_length=1)


class TokenList:
    """Recognises callers by a list of tokens.

    Args:
        tokens: the entries; each presented token is compared with all of them.
    """

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = [(token.digest, token) for token in tokens]

    async def recognise(self, token: str) -> Caller:
        """Return the caller of a token; every entry is compared, each in constant time.

        Raises:
            ServiceError: 401 when the token is unknown or has expired.
        """
        presented = _digest(token)
        found = [entry for digest, entry in self._tokens if hmac.compare_digest(digest, presented)]
        if not found:
            raise invalid_token("this token is not known")
        if found[0].expires is not None and found[0].expires <= datetime.now(UTC):
            raise invalid_token("this token has expired")
        return Caller(found[0].name, frozenset(found[0].scopes))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def read_tokens(auth: TokenAuth) -> TokenList:
    """Return the tokens that the settings name.

    Raises:
        ConfigError: when there are none, or an entry breaks a rule; the message never holds a token.
    """
    if auth.file:
        origin, data = str(auth.file), read_yaml(auth.file)
    else:
        origin, text = f"${auth.variable}", os.environ.get(auth.variable, "")
        data = _parse_variable(text, origin)
    if not data:
        raise ConfigError(
            f"no token in {origin}: nobody could ask",
            fix="put one there, or write auth: {kind: none} in the service's YAML",
        )
    return TokenList(_parse_tokens(data, origin).tokens)


def _parse_variable(text: str, origin: str) -> object:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError:
        data = text
    if isinstance(data, list) or not text.strip():
        return data
    if len(text.strip()) < SHORTEST:
        raise ConfigError(f"the token in {origin} is too short", fix=f"use at least {SHORTEST} characters")
    return [{"name": origin, "token": text.strip(), "scopes": ["serve", "reload"]}]


def _parse_tokens(data: object, origin: str) -> Tokens:
    try:
        return parse_config({"tokens": data}, Tokens, origin)
    except ConfigError:
        pass
    # what parse_config says shows the value that breaks a rule, which may be a token
    raise ConfigError(
        f"{origin} is no list of tokens",
        fix="write entries such as {name: web, sha256: …, expires: 2027-01-01T00:00:00Z, scopes: [serve]}; "
        f"a token has at least {SHORTEST} characters",
    )
