"""``data``: public data sets by name, and planted worlds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from embedding_features.config import load_config
from embedding_features.datasets import World, get_ciao, get_ml100k, read_card, synthesize
from embedding_features.errors import ConfigError
from embedding_features.progress import Progress
from jobs.console import note

_GETTERS: dict[str, Callable[[Path, Path | None, Progress], Path]] = {
    "ciao": get_ciao,
    "ml-100k": get_ml100k,
}


def get_dataset(name: str, to: Path, source: Path | None, progress: Progress) -> dict[str, Any]:
    """Get a data set by name, show its terms, and say where it is.

    Raises:
        ConfigError: when there is no data set of that name.
    """
    if name not in _GETTERS:
        raise ConfigError(f"no data set {name!r}", fix=f"name one of {sorted(_GETTERS)}")
    folder = _GETTERS[name](to, source, progress)
    card = read_card(folder)
    note(f"terms: {card.terms}")
    return {
        "folder": str(folder),
        "source": card.source,
        "terms": card.terms,
        "tables": [{"table": stem, "rows": table.rows} for stem, table in card.tables.items()],
    }


def synthesize_world(world: Path | None, to: Path, progress: Progress) -> dict[str, Any]:
    """Write the planted world that a YAML describes, or a small one."""
    settings = load_config(world, World) if world else World()
    return {"folder": str(synthesize(settings, to, progress))}
