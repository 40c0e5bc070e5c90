"""No circle of imports between files: of all packages, also where an import stands inside a function."""

import ast
import inspect
import tomllib
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from embedding_features.encoders.base import Encoder
from embedding_features.methods import methods
from ranking.models.registry import rankers
from tests.paths import ROOT

PACKAGES = ("embedding_features", "ranking", "jobs", "feature_repo", "benchmarks", "tests")


def module_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """Modules of ours that a file imports anywhere; of a name of a package, the package's own file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in known else node.module or ""


def imports(root: Path, packages: tuple[str, ...]) -> dict[str, set[str]]:
    known = {module_of(path, root): path for name in packages for path in (root / name).rglob("*.py")}
    return {
        module: {name for name in imported(path, known) if name in known and name != module}
        for module, path in known.items()
    }


def test_no_file_imports_what_imports_it() -> None:
    found = imports(ROOT, PACKAGES)
    assert len(found) > 500
    TopologicalSorter(found).prepare()


@pytest.mark.parametrize(
    "late", ["import theirs.b", "from theirs import b", "def f():\n    from theirs.b import g"]
)
def test_a_circle_is_found(late: str, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    for name, code in (("__init__", ""), ("a", late), ("b", "from theirs.a import f")):
        (tmp_path / "theirs" / f"{name}.py").write_text(code)
    with pytest.raises(CycleError, match=r"theirs\.a"):
        TopologicalSorter(imports(tmp_path, ("theirs",))).prepare()


def test_ranking_itself_has_no_modules() -> None:
    assert [path.name for path in (ROOT / "ranking").glob("*.py")] == ["__init__.py"]


def test_every_method_encoder_and_ranker_is_held_apart_from_the_others() -> None:
    """import-linter's lists name all that the registries know."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    apart = {frozenset(one["modules"]) for one in contracts if one["type"] == "independence"}
    made = (
        [inspect.unwrap(info.make).__module__ for info in methods().values()],
        [member.__module__ for member in Encoder.members().values()],
        [ranker.__module__ for ranker in rankers().values()],
    )
    ours = ("embedding_features.", "ranking.")
    assert {frozenset(m for m in modules if m.startswith(ours)) for modules in made} == apart
