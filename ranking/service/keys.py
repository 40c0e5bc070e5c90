"""The public keys of an identity provider: of a file, or fetched and kept for a while."""

import asyncio
import json
import time
import urllib.request
from pathlib import Path
from typing import Protocol

import jwt
import structlog

from embedding_features.errors import ConfigError
from ranking.service.errors import unavailable

#: seconds between two fetches, whatever keys tokens name; and for which one may take
LEAST_SECONDS, TIMEOUT_SECONDS = 10.0, 5.0
_LARGEST = 2**20
_LOG = structlog.get_logger()


class Keys(Protocol):
    """Finds the keys that tokens are signed with."""

    async def find(self, kid: object) -> jwt.PyJWK | None:
        """Return the key of an id (None: the only key there is); None where there is no such key."""


class FileKeys:
    """Finds the keys in a file.

    Args:
        path: of a JSON Web Key Set.

    Raises:
        ConfigError: when it cannot be read, or is no set of keys.
    """

    def __init__(self, path: str) -> None:
        try:
            self._keys = parse_keys(Path(path).read_bytes())
        except (OSError, ValueError, jwt.PyJWTError) as error:
            raise ConfigError(
                f"{path} is no set of keys: {error}", fix="save the provider's jwks_uri there"
            ) from None

    async def find(self, kid: object) -> jwt.PyJWK | None:
        """Return the key of an id, as :class:`Keys` says."""
        return find_key(self._keys, kid)


class FetchedKeys:
    """Finds the keys at a URL, fetched when they are first needed, when old, and for an unknown key.

    Args:
        url: of a JSON Web Key Set.
        refresh_seconds: age at which keys are fetched again.
    """

    def __init__(self, url: str, refresh_seconds: float) -> None:
        self._url, self._refresh_seconds = url, refresh_seconds
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = -float("inf")
        self._lock = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None  # the loop itself keeps no task alive

    async def find(self, kid: object) -> jwt.PyJWK | None:
        """Return the key of an id, as :class:`Keys` says.

        Raises:
            ServiceError: 503 when no keys were ever fetched.
        """
        found = find_key(self._keys, kid)
        if found is None:
            await self._refresh()
            found = find_key(self._keys, kid)
        elif time.monotonic() > self._fetched_at + self._refresh_seconds and not self._lock.locked():
            self._refreshing = asyncio.create_task(self._refresh())  # nobody waits for what is only old
        if found is None and not self._keys:
            raise unavailable("the identity provider's keys cannot be fetched now", 10)
        return found

    async def _refresh(self) -> None:
        async with self._lock:
            if time.monotonic() < self._tried_at + LEAST_SECONDS:
                return
            self._tried_at = time.monotonic()
            try:
                self._keys = parse_keys(await asyncio.to_thread(_fetch, self._url))
                self._fetched_at = time.monotonic()
            except (OSError, ValueError, jwt.PyJWTError) as error:
                _LOG.error("keys cannot be fetched", reason=str(error))  # those at hand go on being used


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
        data: bytes = answer.read(_LARGEST)
    return data


def parse_keys(data: bytes) -> dict[str, jwt.PyJWK]:
    """Return key id → key of a JSON Web Key Set, of the keys that are public.

    Raises:
        ValueError, PyJWTError: when it is no set of keys.
    """
    parsed = json.loads(data)
    if not isinstance(parsed, dict):
        raise ValueError("no JSON object")
    keys = jwt.PyJWKSet.from_dict(parsed).keys
    return {key.key_id or "": key for key in keys if key.key_type != "oct"}


def find_key(keys: dict[str, jwt.PyJWK], kid: object) -> jwt.PyJWK | None:
    """Return the key of an id, or the only one for a token that names none."""
    if kid is None:
        return next(iter(keys.values())) if len(keys) == 1 else None
    return keys.get(kid) if isinstance(kid, str) else None
