"""Who may ask: tokens of a list, tokens of a provider, and what each wrong one is told."""

import asyncio
import hashlib
import http.server
import json
import threading
import time
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from embedding_features.errors import ConfigError
from ranking.service.auth_settings import TokenAuth
from ranking.service.authenticator import make_authenticator
from ranking.service.settings import Settings, load_settings
from tests.service.running import Running

GOOD, DEPLOY, OLD = "a-good-token-of-the-web", "a-token-that-may-reload", "a-token-of-yesterday"
BODY = {"user": 1, "items": [1]}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def guarded(world, tmp_path_factory):
    path = tmp_path_factory.mktemp("tokens") / "tokens.yaml"
    entries = [
        {"name": "web", "sha256": hashlib.sha256(GOOD.encode()).hexdigest()},
        {"name": "deploy", "token": DEPLOY, "scopes": ["serve", "reload"]},
        {"name": "old", "token": OLD, "expires": (datetime.now(UTC) - timedelta(seconds=1)).isoformat()},
        {"name": "next", "token": GOOD + "2", "expires": (datetime.now(UTC) + timedelta(days=1)).isoformat()},
    ]
    path.write_text(json.dumps(entries))
    with Running(world, auth={"kind": "tokens", "file": path}) as running:
        running.secrets += [GOOD, DEPLOY, OLD]
        yield running


@pytest.mark.parametrize("route", ["/rank", "/recall", "/recommend", "/reload", "/metrics"])
@pytest.mark.parametrize(
    ("header", "says"),
    [
        ({}, "no token"),
        ({"Authorization": ""}, "no token"),
        ({"Authorization": "Bearer "}, "no token"),
        ({"Authorization": "Basic dTpw"}, "no token"),
        (bearer("not-one-of-the-tokens"), "not known"),
        (bearer(GOOD[:-1]), "not known"),
        (bearer(GOOD + "x"), "not known"),
        (bearer("\xff\xfe"), "not known"),
        (bearer(OLD), "expired"),
    ],
)
def test_without_a_good_token_nothing_is_answered(guarded, route, header, says):
    method = "GET" if route == "/metrics" else "POST"
    raw = {key: value.encode("latin-1") for key, value in header.items()}
    answer = guarded.run(guarded.send(method, route, headers=raw, content=b"{"))
    assert answer.status_code == 401
    assert says in answer.json()["error"]
    wanted = 'Bearer realm="embedding-features"' + (
        ', error="invalid_token"' if "no token" not in says else ""
    )
    assert answer.headers["www-authenticate"] == wanted


def test_a_good_token_may_ask_and_only_some_may_reload(guarded):
    for token in (GOOD, DEPLOY, GOOD + "2"):
        assert guarded.post("/rank", BODY, headers=bearer(token)).status_code == 200
        assert guarded.get("/metrics", headers=bearer(token)).status_code == 200
    answer = guarded.post("/reload", headers=bearer(GOOD))
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert guarded.post("/reload", headers=bearer(DEPLOY)).json()["changed"] is False
    assert guarded.post("/rank", BODY, headers={"Authorization": f"bearer {GOOD}"}).status_code == 200


def test_health_needs_no_token_and_metrics_none_where_they_are_public(guarded, world):
    assert guarded.get("/health").status_code == 200
    assert guarded.get("/openapi.json").status_code == 200
    auth = guarded.settings.auth.model_dump(mode="json")
    with Running(world, auth=auth, public_metrics=True) as running:
        assert running.get("/metrics").status_code == 200
        assert running.post("/rank", BODY).status_code == 401


def test_tokens_of_the_environment(monkeypatch):
    for text in (json.dumps([{"name": "web", "token": GOOD}]), f" {GOOD}\n", GOOD):
        monkeypatch.setenv("EMBEDDING_FEATURES_TOKENS", text)
        authenticator = make_authenticator(Settings().auth)
        assert asyncio.run(authenticator.admit(f"Bearer {GOOD}", "serve"))
    assert asyncio.run(authenticator.admit(f"Bearer {GOOD}", "reload")) == "$EMBEDDING_FEATURES_TOKENS"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no token in"),
        ("tooshort", "too short"),
        ("[]", "no token in"),
        ('[{"name": "web", "token": "my-short-pass"}]', "is no list of tokens"),
        ('[{"name": "web"}]', "is no list of tokens"),
        ('[{"name": "web", "sha256": "my-secret-that-is-no-hash"}]', "is no list of tokens"),
        (
            '[{"name": "web", "token": "my-secret-long-enough", "expires": "2020-01-01"}]',
            "is no list of tokens",
        ),
        ('[{"name": "web", "token": "my-secret-long-enough", "scopes": ["all"]}]', "is no list of tokens"),
    ],
)
def test_tokens_that_are_none_are_named_and_not_shown(monkeypatch, tmp_path, text, says):
    monkeypatch.setenv("SOME_TOKENS", text)
    (tmp_path / "tokens.yaml").write_text(text)
    auths = [TokenAuth(variable="SOME_TOKENS")]
    auths += [] if says == "too short" else [TokenAuth(file=tmp_path / "tokens.yaml")]
    for auth in auths:
        with pytest.raises(ConfigError, match=says) as raised:
            make_authenticator(auth)
        assert "my-" not in str(raised.value)
        assert raised.value.__cause__ is None
        assert raised.value.__context__ is None


# tokens of a provider

ISSUER, AUDIENCE = "https://id.example.org", "ranking"
RSA = {kid: rsa.generate_private_key(public_exponent=65537, key_size=2048) for kid in ("one", "two")}
EC = ec.generate_private_key(ec.SECP256R1())


def key_set(*kids):
    keys = [json.loads(RSAAlgorithm.to_jwk(RSA[kid].public_key())) | {"kid": kid} for kid in kids]
    keys.append(json.loads(ECAlgorithm.to_jwk(EC.public_key())) | {"kid": "ec"})
    keys.append({"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "kid": "shared"})
    return json.dumps({"keys": keys})


def token(key=None, alg="RS256", kid="one", drop=(), **claims):
    now = int(time.time())
    body = {"iss": ISSUER, "aud": AUDIENCE, "sub": "web", "exp": now + 3600, "iat": now} | claims
    body = {name: value for name, value in body.items() if name not in drop}
    return jwt.encode(body, RSA["one"] if key is None else key, alg, {"kid": kid} if kid else None)


@pytest.fixture(scope="module")
def provided(world, tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "jwks.json"
    path.write_text(key_set("one"))
    auth = {"kind": "oidc", "issuer": ISSUER, "audience": AUDIENCE, "jwks": str(path), "leeway_seconds": 600}
    with Running(world, auth=auth | {"algorithms": ["RS256", "ES256"]}) as running:
        yield running


def test_a_providers_token_may_ask(provided):
    for good in (
        token(),
        token(aud=["other", AUDIENCE]),
        token(exp=int(time.time()) - 300),  # within the leeway
        token(nbf=int(time.time()) + 300),
        token(EC, "ES256", "ec"),
    ):
        assert provided.post("/rank", BODY, headers=bearer(good)).status_code == 200
    assert provided.post("/reload", headers=bearer(token())).status_code == 403
    for grants in ({"scope": "openid reload"}, {"scp": ["reload"]}, {"scp": "reload"}):
        assert provided.post("/reload", headers=bearer(token(**grants))).status_code == 200
    for grants in ({"scope": "reloading"}, {"scope": ["reload", 3], "scp": 5}, {"scp": {"reload": 1}}):
        status = provided.post("/reload", headers=bearer(token(**grants))).status_code
        assert status == (200 if isinstance(grants.get("scope"), list) else 403)


def unsigned():
    return jwt.encode({"iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 60}, None, "none")


def tampered():
    head, _, signature = token().split(".")
    body = jwt.utils.base64url_encode(
        json.dumps({"iss": ISSUER, "aud": AUDIENCE, "exp": 9e9}).encode()
    ).decode()
    return f"{head}.{body}.{signature}"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: "no.jwt.at-all", "no JWT"),
        (lambda: "x", "no JWT"),
        (unsigned, "algorithm"),
        (lambda: token("c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA" * 2, "HS256", "shared"), "algorithm"),
        (lambda: token(RSA["one"], "RS512"), "algorithm"),
        (lambda: token(RSA["two"], kid="two"), "unknown key"),
        (lambda: token(kid=None), "unknown key"),  # several keys, and none named
        (lambda: token(kid="shared"), "unknown key"),
        (lambda: token(RSA["two"]), "signature is wrong"),
        (tampered, "signature is wrong"),
        (lambda: token(kid="ec"), "not valid"),
        (lambda: token(aud="another"), "another audience"),
        (lambda: token(iss="https://evil.example.org"), "another issuer"),
        (lambda: token(exp=int(time.time()) - 3600), "expired"),
        (lambda: token(nbf=int(time.time()) + 3600), "not valid yet"),
        (lambda: token(drop=["exp"]), "a claim is missing"),
        (lambda: token(drop=["aud"]), "a claim is missing"),
        (lambda: token(drop=["iss"]), "a claim is missing"),
        (lambda: token(exp="soon"), "not valid"),
    ],
)
def test_a_wrong_token_is_refused(provided, make, says):
    presented = make()
    provided.secrets = [presented] if len(presented) > 20 else []
    answer = provided.post("/rank", BODY, headers=bearer(presented))
    assert answer.status_code == 401, answer.text
    assert says in answer.json()["error"]
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_scope_may_be_needed_to_ask(world, provided):
    auth = provided.settings.auth.model_dump(mode="json") | {"serve_scope": "rank"}
    with Running(world, auth=auth) as running:
        assert running.post("/rank", BODY, headers=bearer(token())).status_code == 403
        assert running.post("/rank", BODY, headers=bearer(token(scope="rank"))).status_code == 200


def test_keys_are_fetched_kept_and_fetched_again(world, monkeypatch):
    """A new key is found when it is first seen, and unknown ones do not make the service ask all the time."""
    served, asked = {"keys": None}, []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200 if served["keys"] else 500)
            self.end_headers()
            self.wfile.write((served["keys"] or "").encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/jwks"
    auth = {"kind": "oidc", "issuer": ISSUER, "audience": AUDIENCE, "jwks": url}
    try:
        with Running(world, auth=auth) as running:
            answer = running.post("/rank", BODY, headers=bearer(token()))
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
            served["keys"] = key_set("one")
            monkeypatch.setattr("ranking.service.keys.LEAST_SECONDS", 0)
            assert running.post("/rank", BODY, headers=bearer(token())).status_code == 200
            monkeypatch.setattr("ranking.service.keys.LEAST_SECONDS", 1000)
            served["keys"] = key_set("one", "two")
            for _ in range(3):
                assert (
                    running.post("/rank", BODY, headers=bearer(token(RSA["two"], kid="two"))).status_code
                    == 401
                )
            assert len(asked) == 2
            monkeypatch.setattr("ranking.service.keys.LEAST_SECONDS", 0)
            assert (
                running.post("/rank", BODY, headers=bearer(token(RSA["two"], kid="two"))).status_code == 200
            )
            served["keys"] = None  # the provider is away: known keys go on
            assert (
                running.post("/rank", BODY, headers=bearer(token(RSA["one"], kid="new"))).status_code == 401
            )
            assert running.post("/rank", BODY, headers=bearer(token())).status_code == 200
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("auth", "says"),
    [
        ("{kind: oidc, issuer: i, audience: a, jwks: nowhere.json}", "no set of keys"),
        ("{kind: oidc, issuer: i, audience: a, jwks: service.yaml}", "no set of keys"),
        ("{kind: oidc, issuer: i, audience: a, jwks: 'http://id.example.org/jwks'}", "without TLS"),
        ("{kind: oidc, issuer: i, audience: a, jwks: k, algorithms: [HS256]}", "algorithms"),
        ("{kind: oidc, issuer: i, audience: a, jwks: k, algorithms: [none]}", "algorithms"),
        ("{kind: tokens, file: nowhere.yaml}", "nowhere.yaml"),
        ("{kind: basic}", "auth"),
    ],
)
def test_settings_of_auth_that_break_a_rule_are_named(tmp_path, auth, says):
    (tmp_path / "service.yaml").write_text(f"auth: {auth}\n")
    with pytest.raises(ConfigError, match=says):
        make_authenticator(load_settings(tmp_path / "service.yaml").auth)
