"""The examples in docstrings run, and print what they say."""

import ast
import doctest
from importlib import import_module
from pathlib import Path

import pytest

from tests.paths import ROOT

PACKAGES = ("embedding_features", "ranking", "jobs")
#: its examples share two indexes, which a test of its own builds
TESTED_ELSEWHERE = ROOT / "embedding_features" / "recall" / "use_cases.py"
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _examples() -> list[tuple[str, str]]:
    """Return (module, documented name) of each docstring with an example; "" is the module's own."""
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    texts = {path: path.read_text() for path in paths if path != TESTED_ELSEWHERE}
    return [
        (_module(path), name)
        for path, text in texts.items()
        if ">>> " in text
        for name in _docstrings(ast.parse(text))
    ]


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _docstrings(node: ast.AST, name: str = "") -> dict[str, str]:
    """Return dotted name → docstring with an example, of everything that ``node`` defines.

    The source is read, not the imported module: a decorator may hide a function from doctest's own search.
    """
    found: dict[str, str] = {}
    if isinstance(node, DOCUMENTED) and ">>> " in (ast.get_docstring(node) or ""):
        found[name] = ast.get_docstring(node) or ""
    for child in ast.iter_child_nodes(node):
        inner = f"{name}.{child.name}".lstrip(".") if hasattr(child, "name") else name
        found |= _docstrings(child, inner)
    return found


@pytest.mark.parametrize(("module", "name"), _examples())
def test_an_example_prints_what_it_says(module: str, name: str) -> None:
    imported = import_module(module)
    text = Path(imported.__file__ or "").read_text()
    docstring = _docstrings(ast.parse(text))[name]
    test = doctest.DocTestParser().get_doctest(
        docstring, dict(vars(imported)), f"{module}.{name}", module, lineno=0
    )
    said: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert result.attempted > 0
    assert result.failed == 0, "".join(said)


def test_the_entry_points_have_examples() -> None:
    with_example = {f"{module}.{name}" for module, name in _examples()}
    assert with_example >= {
        "embedding_features.artifact.write.write_snapshot",
        "embedding_features.derive.features.derive",
        "embedding_features.graph.csr.CSR.from_edges",
        "embedding_features.graph.graph.Graph.from_arrays",
        "embedding_features.methods.base.Method.fit",
        "embedding_features.recall.index.RecallIndex",
        "embedding_features.sources.source.Source",
        "ranking.ablation.bootstrap.bootstrap",
        "ranking.experiment.variants.Variant",
        "ranking.inputs.spec.RankerSpec",
        "ranking.metrics.metrics.auc",
        "ranking.task.task.Task",
    }
