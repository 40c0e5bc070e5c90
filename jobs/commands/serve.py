"""``serve``: needs a bundle and the Feast repository only."""

import os
from pathlib import Path
from typing import Annotated

import typer

from jobs.options import JsonOption, epilog

EPILOG = epilog("embedding-features serve --bundle workspace/bundles/wide_deep --repo feature_repo")


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
    from jobs.steps import serve

    serve.run(bundle, repo, config, host, port, as_json)
