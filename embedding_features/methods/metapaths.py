"""The relations that a metapath goes along."""

from collections.abc import Sequence
from typing import Literal


def relations_of(metapath: Sequence[str] | None) -> tuple[str, ...] | Literal["all"]:
    """Return the names of a metapath's relations, each once; ``"all"`` of the graph's without a path."""
    if metapath is None:
        return "all"
    return tuple(dict.fromkeys(step.removeprefix("~") for step in metapath))
