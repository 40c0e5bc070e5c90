"""Which parameters of a method are searched, and over what."""

from collections.abc import Mapping, Sequence
from typing import Any

from embedding_features.errors import ConfigError
from embedding_features.methods.registry import MethodInfo
from embedding_features.methods.search_space import SearchSpace


def chosen_space(
    info: MethodInfo, parameters: Sequence[str] | None, values: Mapping[str, Any]
) -> dict[str, SearchSpace]:
    """Return what the chosen parameters may be set to, in the order in which the method declares them.

    Args:
        info: the method.
        parameters: those to search; None for all that are tunable.
        values: parameter → where the search starts, to which its space is widened.

    Raises:
        ConfigError: when a parameter is not tunable, nothing is, or a space cannot be widened.
    """
    chosen = list(info.tunable) if parameters is None else parameters
    wrong = [key for key in chosen if key not in info.tunable]
    if wrong or not chosen:
        named = "".join(f" {key!r}" for key in wrong)
        raise ConfigError(
            f"method {info.name!r} has no tunable parameter{named}",
            fix=f"name some of {', '.join(info.tunable)}" if info.tunable else "declare some in its @method",
        )
    return {
        key: _including(f"method {info.name!r}, parameter {key!r}", space, values[key])
        for key, space in info.tunable.items()
        if key in chosen
    }


def _including(subject: str, space: SearchSpace, value: object) -> SearchSpace:
    """Return a space that holds a value."""
    try:
        return space.including(value)
    except ConfigError as error:
        raise ConfigError(f"{subject}: {error.what}", fix=error.fix) from None
