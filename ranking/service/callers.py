"""Who asks, what they may do, and what recognises them."""

from dataclasses import dataclass
from typing import Literal, Protocol

from ranking.service.errors import ServiceError

#: what a caller may be allowed: to ask for ranks and candidates, or to reload the bundle
Scope = Literal["serve", "reload"]
REALM = 'Bearer realm="embedding-features"'


@dataclass(frozen=True)
class Caller:
    """Somebody who was recognised: a name for the log, which is never a token, and what they may do."""

    name: str
    scopes: frozenset[Scope]


class Authority(Protocol):
    """Recognises callers by their tokens."""

    async def recognise(self, token: str) -> Caller:
        """Return the caller of a token.

        Raises:
            ServiceError: 401 when the token is not good; 503 when that cannot be told now.
        """


def invalid_token(why: str) -> ServiceError:
    """Return the error 401 of a token that is there and not good."""
    return ServiceError(
        401, why, fix="get a new token", headers={"WWW-Authenticate": f'{REALM}, error="invalid_token"'}
    )
