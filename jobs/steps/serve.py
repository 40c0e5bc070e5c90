"""``serve``: the ranking service on uvicorn."""

import asyncio
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from embedding_features.errors import ConfigError
from jobs.console import emit

try:
    import uvicorn
    import uvloop

    from ranking.service.app import make_app
    from ranking.service.auth import make_door
    from ranking.service.logs import set_up_logs
    from ranking.service.service import RankingService
    from ranking.service.settings import load_settings
except ModuleNotFoundError as error:
    raise ConfigError(
        f"the service needs {error.name}", fix='pip install "embedding-features[service]"'
    ) from None

#: seconds that requests have to end in after SIGTERM
DRAIN_SECONDS = 10


class Server(uvicorn.Server):
    """uvicorn, which tells when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        await super().startup(sockets)
        if self.started:
            self._ready()


def run(bundle: Path, repo: Path, config: Path | None, host: str, port: int, as_json: bool) -> None:
    """Serve until SIGTERM or SIGINT, then end what was begun.

    Raises:
        ConfigError: when the settings break a rule, or nothing can listen there.
        BundleError, CompatibilityError, StoreError: when the bundle cannot be served from the repository.
    """
    settings = load_settings(config)
    door, bound = make_door(settings.auth), _bound(host, port)
    with bound:
        set_up_logs()
        service = RankingService(bundle, repo, settings)
        answer = {
            "serving": f"http://{f'[{host}]' if ':' in host else host}:{bound.getsockname()[1]}",
            "bundle": service.bundles.current.digest,
            "auth": settings.auth.kind,
        }
        options: dict[str, Any] = {
            "http": "httptools", "lifespan": "on", "ws": "none", "log_config": None, "access_log": False,
            "server_header": False, "date_header": False, "timeout_graceful_shutdown": DRAIN_SECONDS,
        }  # fmt: skip
        server = Server(uvicorn.Config(make_app(service, door), **options), lambda: emit(answer, as_json))
        uvloop.run(_serve(server, bound, service))
    if not server.started:
        raise RuntimeError("the service did not start; the log says why")


async def _serve(server: uvicorn.Server, bound: socket.socket, service: RankingService) -> None:
    loop, running = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    def reload() -> None:
        running.add(task := loop.create_task(service.bundles.try_reload()))
        task.add_done_callback(running.discard)

    loop.add_signal_handler(signal.SIGHUP, reload)
    for stop in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises it again when all is answered: that is the end asked for, and no failure
        signal.signal(stop, lambda *_: None)
    await server.serve([bound])


def _bound(host: str, port: int) -> socket.socket:
    """The address is taken before anything is loaded; nobody can connect before uvicorn listens."""
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError as error:
        found.close()
        raise ConfigError(
            f"cannot listen at {host}:{port}: {error.strerror}", fix="choose another --host or --port"
        ) from None
    return found
