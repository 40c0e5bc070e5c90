"""The version of the code that a row's figures depend on, as a hash that comments do not change."""

import ast
import hashlib
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from pydantic import BaseModel

from embedding_features.config import Part
from embedding_features.evaluate.baselines import Baseline
from embedding_features.methods import ClosedForm, Method

#: rooms where vectors are computed: imports are followed within them and not beyond, so that a change of what
#: carries vectors about (graphs, artifacts, methods' declarations) asks for no rerun
OF_VECTORS = tuple(
    f"embedding_features.{room}"
    for room in (
        "discrepancy",
        "encoders",
        "evaluate.baselines",
        "multitask",
        "objectives",
        "sampling",
        "scorers",
        "solvers",
        "training",
        "walks",
    )
)

#: the same of the figures that judges give
OF_FIGURES = ("benchmarks.catalogue.data", "benchmarks.catalogue.judges", "embedding_features.evaluate")

#: these declare what parts, data sets and judges are, and compute nothing
INTERFACES = {
    *(
        f"embedding_features.{room}.base"
        for room in ("encoders", "evaluate.baselines", "sampling", "scorers", "solvers")
    ),
    *(f"benchmarks.catalogue.{room}.base" for room in ("data", "judges")),
}


def row_code(method: Method | Baseline, judge: object, reader: Callable[[], object]) -> str:
    """Return the SHA-256 (hex) of the code that a row's figures depend on.

    Args:
        method: the composition, or the baseline.
        judge: what measures its vectors.
        reader: what brings the data.
    """
    found = closure(composition_modules(method), OF_VECTORS)
    found |= closure({type(judge).__module__, reader.__module__}, OF_FIGURES)
    return code_hash(found)


def composition_modules(method: Method | Baseline) -> set[str]:
    """Return the modules of a composition's parts; a closed form only hands its view to its solver."""
    return {type(part).__module__ for part in _parts(method) if not isinstance(part, ClosedForm)}


def code_hash(modules: Iterable[str]) -> str:
    """Return the SHA-256 (hex) of the names of modules and their code."""
    digest = hashlib.sha256()
    for name in sorted(modules):
        digest.update(f"{name}\n{plain_code(_source(name))}\n".encode())
    return digest.hexdigest()


def closure(modules: Iterable[str], rooms: tuple[str, ...]) -> set[str]:
    """Return the modules, and all of ``rooms`` that they import, at the top or inside functions."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in found | INTERFACES:
            found.add(name)
            waiting += _imports(_source(name), rooms)
    return found


def plain_code(source: str) -> str:
    """Return Python code without comments, docstrings and layout."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [line for line in body if not _is_text(line)] or [ast.Pass()]  # type: ignore[attr-defined]
    return ast.unparse(tree)


def _is_text(line: ast.stmt) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)


def _source(name: str) -> str:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name)
    return Path(spec.origin).read_text(encoding="utf-8")


def _imports(source: str, rooms: tuple[str, ...]) -> Iterator[str]:
    """Yield the modules of some rooms in which the names that a source imports are defined."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.startswith(rooms):
            homes = (_home(node.module, alias.name) for alias in node.names)
            yield from (home for home in homes if home.startswith(rooms))


def _home(module: str, name: str) -> str:
    """Return the module that defines a name: what a package offers is defined in one of its modules."""
    if not _is_package(module):
        return module
    if find_spec(f"{module}.{name}") is not None:
        return f"{module}.{name}"
    return str(getattr(getattr(import_module(module), name), "__module__", module))


def _is_package(module: str) -> bool:
    spec = find_spec(module)
    return spec is not None and spec.submodule_search_locations is not None


def _parts(value: object) -> Iterator[Part]:
    """Yield the parts of a composition, at any depth."""
    if isinstance(value, Part):
        yield value
    if isinstance(value, BaseModel):
        value = [getattr(value, name) for name in type(value).model_fields]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from _parts(one)
