"""``serve``: runs the ranking service on uvicorn; needs a bundle and the Feast repository only."""

import os
import signal
import socket
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from embedding_features.errors import ConfigError
from jobs.console import emit
from jobs.options import JsonOption, epilog

if TYPE_CHECKING:
    from ranking.service.server import ServiceServer
    from ranking.service.service import RankingService

EPILOG = epilog("embedding-features serve --bundle workspace/bundles/wide_deep --repo feature_repo")

#: whose imports are those of the extra ``service``
_SERVICE = ("uvloop", "ranking.service.app", "ranking.service.authenticator", "ranking.service.server")


def command(
    bundle: Annotated[Path, typer.Option("--bundle", help="The ranker's bundle, or a link to it.")],
    repo: Annotated[Path, typer.Option("--repo", help="The Feast repository.")] = Path("feature_repo"),
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="The service's YAML.", metavar="YAML", show_default=False),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8000,
    as_json: JsonOption = False,
) -> None:
    """Serve a bundle over HTTP: /rank, /recall, /recommend. SIGHUP reloads it, SIGTERM drains and ends.

    Who may ask is told by the YAML, or by the token in $EMBEDDING_FEATURES_TOKENS.
    """
    # requests run beside each other, and each is small: threads within one would cost more than they bring
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    serve(bundle, repo, config, host, port, as_json)


def serve(bundle: Path, repo: Path, config: Path | None, host: str, port: int, as_json: bool) -> None:
    """Serve until SIGTERM or SIGINT, then end what was begun.

    Raises:
        ConfigError: when the settings break a rule, nothing can listen there, or the extra is not installed.
        BundleError, CompatibilityError, StoreError: when the bundle cannot be served from the repository.
    """
    _check_extra()
    from ranking.service.app import make_app
    from ranking.service.authenticator import make_authenticator
    from ranking.service.listening import take_address
    from ranking.service.logs import set_up_logs
    from ranking.service.server import ServiceServer
    from ranking.service.service import RankingService
    from ranking.service.settings import load_settings

    settings = load_settings(config)
    authenticator, bound = make_authenticator(settings.auth), take_address(host, port)
    with bound:
        set_up_logs()
        service = RankingService(bundle, repo, settings)
        answer = {
            "serving": f"http://{f'[{host}]' if ':' in host else host}:{bound.getsockname()[1]}",
            "bundle": service.bundles.current.digest,
            "auth": settings.auth.kind,
        }
        app, drain_seconds = make_app(service, authenticator), settings.limits.drain_seconds
        _run(ServiceServer(app, drain_seconds, lambda: emit(answer, as_json)), bound, service)


def _check_extra() -> None:
    try:
        for name in _SERVICE:
            import_module(name)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the service needs {error.name}", fix='pip install "embedding-features[service]"'
        ) from None


def _run(server: "ServiceServer", bound: socket.socket, service: "RankingService") -> None:
    import uvloop

    try:
        uvloop.run(_until_stopped(server, bound, service))
    except SystemExit:  # of uvicorn, with a code that means something else here
        raise RuntimeError("the service did not start; the log says why") from None


async def _until_stopped(server: "ServiceServer", bound: socket.socket, service: "RankingService") -> None:
    """Answer requests; SIGHUP reloads the bundle, SIGTERM and SIGINT end it."""
    import asyncio  # takes a while to import, and no other command needs it

    loop, running = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    def reload() -> None:
        running.add(task := loop.create_task(service.bundles.try_reload()))
        task.add_done_callback(running.discard)

    loop.add_signal_handler(signal.SIGHUP, reload)
    for stop in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises it again when all is answered: that is the end asked for, and no failure
        signal.signal(stop, lambda *_: None)
    await server.serve([bound])
