"""Who asks, and what they may."""

from dataclasses import dataclass
from typing import Literal, Protocol

from ranking.service.errors import ServiceError

#: what a caller may be allowed: to ask for ranks and candidates, or to reload the bundle
Scope = Literal["serve", "reload"]
REALM = 'Bearer realm="embedding-features"'


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


def refused(why: str) -> ServiceError:
    """401 for a token that is there and not good."""
    return ServiceError(
        401, why, fix="get a new token", headers={"WWW-Authenticate": f'{REALM}, error="invalid_token"'}
    )
