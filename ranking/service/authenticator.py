"""The authenticator, which lets callers in by their ``Authorization`` header."""

from ranking.service.auth_settings import Auth, OIDCAuth, TokenAuth
from ranking.service.callers import REALM, Authority, Scope
from ranking.service.errors import ServiceError


class Authenticator:
    """Lets callers in by their bearer tokens.

    Args:
        authority: what recognises tokens; None lets everybody in.
    """

    def __init__(self, authority: Authority | None) -> None:
        self._authority = authority

    async def admit(self, header: str | None, scope: Scope) -> str:
        """Return the name of the caller, who may do what the scope stands for.

        Args:
            header: value of ``Authorization``; None where the request has none.
            scope: what the request needs.

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
                headers={"WWW-Authenticate": REALM},
            )
        caller = await self._authority.recognise(token.strip())
        if scope not in caller.scopes:
            raise ServiceError(
                403,
                f"this token does not allow to {scope}",
                fix="use one that does",
                headers={"WWW-Authenticate": f'{REALM}, error="insufficient_scope"'},
            )
        return caller.name


def make_authenticator(auth: Auth) -> Authenticator:
    """Return the authenticator that the settings describe.

    Raises:
        ConfigError: when tokens or keys cannot be read.
    """
    # PyJWT is imported only where it is used
    if isinstance(auth, TokenAuth):
        from ranking.service.tokens import read_tokens

        return Authenticator(read_tokens(auth))
    if isinstance(auth, OIDCAuth):
        from ranking.service.oidc import Provider

        return Authenticator(Provider(auth))
    return Authenticator(None)
