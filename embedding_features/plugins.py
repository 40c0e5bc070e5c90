"""Third parties' plug-ins, found by entry point and loaded once."""

import warnings
from functools import cache
from importlib.metadata import entry_points
from typing import Any


@cache
def load_plugins(group: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Load every entry point of a group; one that fails is a warning and does not take the others down.

    Args:
        group: of entry points, such as ``embedding_features.methods``.

    Returns:
        Name → what was loaded, and name → the error of each that failed.
    """
    loaded: dict[str, Any] = {}
    broken: dict[str, str] = {}
    for point in entry_points(group=group):
        try:
            loaded[point.name] = point.load()
        except (Exception, SystemExit) as error:  # a third party's fault must not take our own parts down
            broken[point.name] = f"{type(error).__name__}: {error}"
            what = group.rsplit(".", 1)[-1].removesuffix("s").replace("_", " ")
            warnings.warn(f"{what} {point.name!r} cannot be loaded: {broken[point.name]}", stacklevel=2)
    return loaded, broken
