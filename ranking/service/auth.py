"""Who asks, and what they may: the ``Authorization`` header to a caller."""

from dataclasses import dataclass
from typing import Literal, Protocol

from ranking.service.errors import ServiceError
from ranking.service.settings import Auth, OIDCAuth, TokenAuth

#: what a caller may be allowed: to ask for ranks and candidates, or to reload the bundle
Scope = Literal["serve", "reload"]
_REALM = 'Bearer realm="embedding-features"'


@dataclass(frozen=True)
class Caller:
    """Who was recognised: a name for the log, which is never a token, and what they may."""

    name: str
    scopes: frozenset[Scope]


class Authority(Protocol):
    """What recognises callers."""

    async def recognise(self, token: str) -> Caller:
        """Raises:
        ServiceError: 401 when it does not; 503 when it cannot tell now.
        """


class Door:
    """Lets callers in.

    Args:
        authority: None lets everybody in.
    """

    def __init__(self, authority: Authority | None) -> None:
        self._authority = authority

    async def admit(self, header: str | None, scope: Scope) -> str:
        """The name of a caller who may do what is asked.

        Raises:
            ServiceError: 401 without a good token, 403 with one that does not allow it.
        """
        if self._authority is None:
            return "anybody"
        kind, _, token = (header or "").partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise ServiceError(
                401,
                "no token",
                fix="send Authorization: Bearer <token>",
                headers={"WWW-Authenticate": _REALM},
            )
        caller = await self._authority.recognise(token.strip())
        if scope not in caller.scopes:
            raise ServiceError(
                403,
                f"this token does not allow to {scope}",
                fix="use one that does",
                headers={"WWW-Authenticate": f'{_REALM}, error="insufficient_scope"'},
            )
        return caller.name


def refused(why: str) -> ServiceError:
    """401 for a token that is there and not good."""
    return ServiceError(
        401, why, fix="get a new token", headers={"WWW-Authenticate": f'{_REALM}, error="invalid_token"'}
    )


def make_door(auth: Auth) -> Door:
    """The door of some settings.

    Raises:
        ConfigError: when tokens or keys cannot be read.
    """
    # each brings its own libraries
    if isinstance(auth, TokenAuth):
        from ranking.service.tokens import read_tokens

        return Door(read_tokens(auth))
    if isinstance(auth, OIDCAuth):
        from ranking.service.oidc import Provider

        return Door(Provider(auth))
    return Door(None)
