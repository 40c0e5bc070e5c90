"""Packages whose names are imported when they are first used."""

import sys
from collections.abc import Callable, Mapping
from pkgutil import resolve_name
from typing import Any


def on_first_use(package: str, home: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` (PEP 562) of a package, which imports a name from the module that has it.

    Whoever imports one light module of a package then does not pay for the torch, numba or faiss of others.

    Args:
        package: its ``__name__``.
        home: name → ``module:attribute`` below ``package``, or ``module`` alone, as entry points have it.
    """

    def import_name(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = resolve_name(f"{package}.{home[name]}")
        setattr(sys.modules[package], name, value)
        return value

    return import_name
