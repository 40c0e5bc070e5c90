"""JSON Web Tokens of an OpenID Connect provider, checked by its public keys."""

from typing import Any

import jwt

from ranking.service.auth_settings import OIDCAuth
from ranking.service.callers import Caller, Scope, invalid_token
from ranking.service.keys import FetchedKeys, FileKeys, Keys

#: how a token fails, in words for its caller
_REASONS: dict[type[Exception], str] = {
    jwt.InvalidAudienceError: "it is for another audience",
    jwt.InvalidIssuerError: "it is of another issuer",
    jwt.ImmatureSignatureError: "it is not valid yet",
    jwt.MissingRequiredClaimError: "a claim is missing",
    jwt.InvalidSignatureError: "its signature is wrong",
}


class Provider:
    """Recognises the tokens of an identity provider by signature, issuer, audience and times.

    Only the algorithms of the settings count, whatever a token's header says; ``none`` is never one of them.

    Args:
        auth: the provider, and what its tokens must hold.
    """

    def __init__(self, auth: OIDCAuth) -> None:
        self._auth = auth
        fetched = auth.jwks.startswith(("https://", "http://"))
        self._keys: Keys = FetchedKeys(auth.jwks, auth.refresh_seconds) if fetched else FileKeys(auth.jwks)

    async def recognise(self, token: str) -> Caller:
        """Return the caller of a token.

        Raises:
            ServiceError: 401 when the token is not good; 503 when no keys were ever fetched.
        """
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError:
            raise invalid_token("this token is no JWT") from None
        if header.get("alg") not in self._auth.algorithms:
            raise invalid_token("this token is signed by an algorithm that is not allowed")
        key = await self._keys.find(header.get("kid"))
        if key is None:
            raise invalid_token("this token is signed by an unknown key")
        return self._caller(self._claims(token, key))

    def _claims(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        auth = self._auth
        try:
            return jwt.decode(
                token, key, list(auth.algorithms), audience=auth.audience, issuer=auth.issuer,
                leeway=auth.leeway_seconds, options={"require": ["exp", "iss", "aud"]},
            )  # fmt: skip
        except jwt.ExpiredSignatureError:
            raise invalid_token("this token has expired") from None
        except jwt.InvalidTokenError as error:
            raise invalid_token(
                f"this token is not valid: {_REASONS.get(type(error), 'its signature or claims')}"
            ) from None

    def _caller(self, claims: dict[str, Any]) -> Caller:
        granted = _scopes(claims)
        wanted: dict[Scope, str | None] = {"serve": self._auth.serve_scope, "reload": self._auth.reload_scope}
        scopes = frozenset(scope for scope, name in wanted.items() if name is None or name in granted)
        return Caller(str(claims.get("sub", ""))[:64], scopes)


def _scopes(claims: dict[str, Any]) -> set[str]:
    """What the claims ``scope`` (a text of words, RFC 8693) and ``scp`` (a list or text) grant."""
    granted: set[str] = set()
    for claim in (claims.get("scope"), claims.get("scp")):
        words = claim.split() if isinstance(claim, str) else claim
        granted |= {word for word in words if isinstance(word, str)} if isinstance(words, list) else set()
    return granted
