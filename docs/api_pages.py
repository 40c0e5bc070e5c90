"""Writes the pages of the API reference: one a package, with a section for each of its public modules.

The packages are walked, so a new module is in the reference without anybody naming it here.
"""

import inspect
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

PACKAGES = ("embedding_features", "ranking")

MODULE = """\
{heading}

.. automodule:: {name}
   :members:
   :show-inheritance:
   :ignore-module-all:
"""

PACKAGE = """\
{heading}

.. automodule:: {name}
   :no-members:
"""


def write_api_pages(folder: Path) -> None:
    """Write a page for each package into ``folder``; pages of packages that are gone are removed."""
    folder.mkdir(exist_ok=True)
    pages = {"index.rst": _index()}
    for package in PACKAGES:
        pages |= _package_pages(import_module(package))
    for path in folder.glob("*.rst"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.is_file() or path.read_text() != text:  # an unchanged page is not built again
            path.write_text(text)


def _index() -> str:
    return _heading("API reference", "=") + "\n\n" + _toctree(PACKAGES)


def _package_pages(package: ModuleType) -> dict[str, str]:
    """Return file name → text of a package's page and of all packages below it."""
    pages: dict[str, str] = {}
    inner, modules = [], []
    for found in iter_modules(package.__path__, f"{package.__name__}."):
        if found.name.rpartition(".")[2].startswith("_"):
            continue
        (inner if found.ispkg else modules).append(found.name)
    for name in inner:
        pages |= _package_pages(import_module(name))
    parts = [PACKAGE.format(heading=_heading(package.__name__, "="), name=package.__name__)]
    parts += [_exports(package)] if getattr(package, "__all__", ()) else []
    parts += [_toctree(inner)] if inner else []
    parts += [MODULE.format(heading=_heading(name, "-"), name=name) for name in modules]
    return {**pages, f"{package.__name__}.rst": "\n".join(parts)}


def _exports(package: ModuleType) -> str:
    """Return the list of names that can be imported from the package itself, each a link to its home."""
    links = [f"- :py:obj:`{name} <{_home(package, name)}>`" for name in sorted(package.__all__)]
    return "\n".join([f"Names to import from ``{package.__name__}``:", "", *links, ""])


def _home(package: ModuleType, name: str) -> str:
    """Return the dotted name under which the reference describes an exported name."""
    value = getattr(package, name)
    if inspect.ismodule(value):
        return value.__name__
    module = getattr(value, "__module__", None)
    if isinstance(module, str) and module.startswith(PACKAGES) and hasattr(value, "__qualname__"):
        return f"{module}.{value.__qualname__}"
    return f"{package.__name__}.{name}"


def _heading(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}"


def _toctree(names: list[str] | tuple[str, ...]) -> str:
    return "\n".join([".. toctree::", "   :maxdepth: 1", "", *(f"   {name}" for name in names), ""])
