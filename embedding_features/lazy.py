"""Packages whose names are imported when they are first used."""

import sys
from collections.abc import Callable, Mapping
from pkgutil import resolve_name
from typing import Any


def on_first_use(package: str, home: Mapping[str, str]) -> tuple[Callable[[str], Any], list[str]]:
    """Make the ``__getattr__`` (PEP 562) and the ``__all__`` of a package that imports names on first use.

    Whoever imports one light module of a package then does not pay for the torch, numba or faiss of others.
    Type checkers do not see these names: the package imports them under ``TYPE_CHECKING`` as well, written
    ``X as X``, which says that they are meant for others.

    Args:
        package: its ``__name__``.
        home: name → ``module:attribute`` below ``package``, or ``module`` alone, as entry points have it.

    Returns:
        The function, which raises AttributeError for other names; and the names in ``home``, sorted.
    """

    def import_name(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = resolve_name(f"{package}.{home[name]}")
        setattr(sys.modules[package], name, value)
        return value

    return import_name, sorted(home)
