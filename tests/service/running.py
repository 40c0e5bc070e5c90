"""A service in this process, asked without a network; and what every answer of it must keep to."""

import asyncio
import json
from contextlib import AsyncExitStack

import httpx

from ranking.service.app import make_app
from ranking.service.authenticator import make_authenticator
from ranking.service.service import RankingService
from ranking.service.settings import Settings
from tests.service.waiting import until

#: no request runs out of time because the machine is busy with something else
PATIENT = {
    "auth": {"kind": "none"},
    "limits": {"timeout_seconds": 240},
    "store": {"timeout_seconds": 240},
    "recall": {"timeout_seconds": 240},
}


class Running:
    """A service with its lifespan.

    Args:
        world: of tests.store.bundle_world.
        bundle: kind of ranker, or a folder.
        settings: as service.yaml has them; by default no auth, and long timeouts.
    """

    def __init__(self, world, bundle="lightgbm", repo=None, **settings):
        self.folder = world.bundle(bundle) if isinstance(bundle, str) else bundle
        self.repo = repo or world.repo
        self.settings = Settings.model_validate(patient(settings))
        self.service = RankingService(self.folder, self.repo, self.settings)
        self.app = make_app(self.service, make_authenticator(self.settings.auth))
        self.secrets = []

    def __enter__(self):
        self._runner, self._stack = asyncio.Runner(), AsyncExitStack()
        self.run(self._stack.enter_async_context(self.app.router.lifespan_context(self.app)))
        transport = httpx.ASGITransport(self.app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://service")
        return self

    def __exit__(self, *_):
        self.run(self.http.aclose())
        self.run(self._stack.aclose())
        self._runner.close()

    def run(self, work):
        """The result of a coroutine on the service's loop."""
        return self._runner.run(work)

    def until(self, condition):
        """The first true value of a condition, while what goes on beside requests goes on."""
        return until(condition, lambda seconds: self.run(asyncio.sleep(seconds)))

    async def send(self, method, path, **how):
        """An answer, looked at."""
        answer = await self.http.request(method, path, **how)
        self.look(answer)
        return answer

    def get(self, path, **how):
        return self.run(self.send("GET", path, **how))

    def post(self, path, body=None, **how):
        """``body`` as JSON, or bytes or chunks as they are."""
        if body is not None:
            how["content"] = json.dumps(body) if isinstance(body, dict) else body
        return self.run(self.send("POST", path, **how))

    def look(self, answer):
        """No answer leaks; every failure has its clean body."""
        text = answer.text + str(answer.headers)
        for secret in (str(self.repo), str(self.folder), "Traceback", 'File "', *self.secrets):
            assert secret not in text
        assert answer.headers["x-request-id"]
        if answer.status_code >= 400:
            body = answer.json()
            assert body.keys() == {"error", "fix", "request_id"}
            assert body["error"]
            assert body["fix"]
            assert body["request_id"] == answer.headers["x-request-id"]
        return answer


def patient(settings):
    """Settings with :data:`PATIENT` for what they leave out."""
    given = {name: PATIENT[name] | settings.get(name, {}) for name in ("limits", "store", "recall")}
    return {"auth": PATIENT["auth"]} | settings | given
