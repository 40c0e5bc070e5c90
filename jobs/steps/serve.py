"""``serve``: the ranking service on uvicorn."""

import asyncio
import signal
import socket
from pathlib import Path

from embedding_features.errors import ConfigError
from jobs.console import emit

try:
    import uvloop

    from ranking.service.app import make_app
    from ranking.service.authenticator import make_authenticator
    from ranking.service.listening import take_address
    from ranking.service.logs import set_up_logs
    from ranking.service.server import ServiceServer
    from ranking.service.service import RankingService
    from ranking.service.settings import load_settings
except ModuleNotFoundError as error:
    raise ConfigError(
        f"the service needs {error.name}", fix='pip install "embedding-features[service]"'
    ) from None


def run(bundle: Path, repo: Path, config: Path | None, host: str, port: int, as_json: bool) -> None:
    """Serve until SIGTERM or SIGINT, then end what was begun.

    Raises:
        ConfigError: when the settings break a rule, or nothing can listen there.
        BundleError, CompatibilityError, StoreError: when the bundle cannot be served from the repository.
    """
    settings = load_settings(config)
    authenticator, bound = make_authenticator(settings.auth), take_address(host, port)
    with bound:
        set_up_logs()
        service = RankingService(bundle, repo, settings)
        answer = {
            "serving": f"http://{f'[{host}]' if ':' in host else host}:{bound.getsockname()[1]}",
            "bundle": service.bundle_holder.current.digest,
            "auth": settings.auth.kind,
        }
        app, drain_seconds = make_app(service, authenticator), settings.limits.drain_seconds
        server = ServiceServer(app, drain_seconds, lambda: emit(answer, as_json))
        try:
            uvloop.run(_serve(server, bound, service))
        except SystemExit:  # of uvicorn, with a code that means something else here
            raise RuntimeError("the service did not start; the log says why") from None


async def _serve(server: ServiceServer, bound: socket.socket, service: RankingService) -> None:
    loop, running = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    def reload() -> None:
        running.add(task := loop.create_task(service.bundle_holder.try_reload()))
        task.add_done_callback(running.discard)

    loop.add_signal_handler(signal.SIGHUP, reload)
    for stop in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises it again when all is answered: that is the end asked for, and no failure
        signal.signal(stop, lambda *_: None)
    await server.serve([bound])
