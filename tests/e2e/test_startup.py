"""What a command imports before it has anything to do: seconds of it are noticed at every call."""

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import embedding_features as ef
from embedding_features import artifact, graph, methods
from tests.e2e.commands import COMMANDS
from tests.e2e.installed_package import installed
from tests.paths import ROOT

#: what takes long to import, and has no part in help or in the list of methods
HEAVY = (
    "torch", "faiss", "lightgbm", "feast", "numba", "llvmlite", "sklearn", "scipy", "statsmodels", "pandas",
    "polars", "duckdb", "pyarrow", "mlflow", "matplotlib", "fastapi",
    "optuna",
)  # fmt: skip


def fresh(code: str, *arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter, with ``path`` in front of what it imports from."""
    search = os.pathsep.join(str(p) for p in (path, ROOT) if p)
    return subprocess.run(
        [sys.executable, "-c", dedent(code), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": search, "COLUMNS": "200"},
        check=False,
    )


RUN = f"""
    import json, sys
    from jobs.cli import run
    code = run(json.loads(sys.argv[1]))
    print()
    print(json.dumps([code, sorted(set({HEAVY!r}) & set(sys.modules))]))
"""


def imported(*words: str, path: Path | None = None) -> tuple[int, list[str], str]:
    """Exit code of a command line, what it imported of what is heavy, and its output."""
    done = fresh(RUN, json.dumps(words), path=path)
    assert done.returncode == 0, done.stderr
    *out, last = done.stdout.splitlines()
    return *json.loads(last), "\n".join(out)


@pytest.mark.parametrize("words", [("--help",), ("methods",), ("methods", "--json"), ("methods", "--help")])
def test_help_and_the_list_of_methods_need_nothing_heavy(words: tuple[str, ...]) -> None:
    code, heavy, out = imported(*words)
    assert code == 0
    assert heavy == []
    assert "Usage" in out or "bpmf" in out


def test_the_help_of_every_command_needs_nothing_heavy() -> None:
    """In one process: what one imports is seen at the next."""
    done = fresh(
        f"""
        import io, json, sys
        from contextlib import redirect_stdout
        from jobs.cli import run
        found = {{}}
        for words in json.loads(sys.argv[1]):
            with redirect_stdout(io.StringIO()) as out:
                code = run([*words, "--help"])
            heavy = sorted(set({HEAVY!r}) & set(sys.modules))
            found[" ".join(words)] = [code, "Exit codes:" in out.getvalue(), heavy]
        print(json.dumps(found))
        """,
        json.dumps(list(COMMANDS)),
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == len(COMMANDS)
    assert {tuple(map(str, value)) for value in found.values()} == {("0", "True", "[]")}


THEIRS = """
    from embedding_features.graph.view import View
    from embedding_features.methods import ClosedForm, method
    from embedding_features.solvers.ials import IALS


    @method(family="theirs", exports="nothing", weights="confidence")
    def halved(dim: int = 2) -> ClosedForm:
        \"\"\"A paper (2026).\"\"\"
        return ClosedForm(view=View(relations="only", nodes="all"), solver=IALS(dim=dim))
"""
GROUP = "[embedding_features.methods]\n"


def test_plug_ins_are_listed_with_ours(tmp_path: Path) -> None:
    path = installed(tmp_path, "theirs", GROUP + "halved = theirs_module\n", theirs_module=THEIRS)
    code, _, out = imported("methods", "--json", path=path)
    rows = {row["name"]: row for row in json.loads(out.splitlines()[0])["methods"]}
    assert code == 0
    assert set(rows) == {*methods.methods(), "halved"}
    assert rows["halved"]["weights"] == "confidence"
    assert imported("methods", "halved", path=path)[0] == 0


@pytest.mark.parametrize(
    ("points", "module", "said"),
    [
        ("broken = no_such_module", "", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("broken = broken_module:missing", "", "AttributeError"),
        ("broken = broken_module", "import sys; sys.exit('no licence')", "SystemExit: no licence"),
        ("broken = broken_module", "1 / 0", "ZeroDivisionError"),
        ("broken = broken_module", "def (", "SyntaxError"),
        ("broken = not a reference", "", "AttributeError"),
        (
            "broken = broken_module",
            "from embedding_features.methods import method\n"
            "@method(family='x', exports='y')\n"
            "def spectral(dim: int = 1): ...\n",
            "ConfigError: a method named 'spectral' is registered already",
        ),
    ],
)
def test_a_broken_plug_in_is_named_and_takes_only_itself_down(
    points: str, module: str, said: str, tmp_path: Path
) -> None:
    path = installed(tmp_path, "theirs", GROUP + points + "\n", broken_module=module)
    done = fresh("from jobs.cli import main; main()", "methods", "--json", path=path)
    assert done.returncode == 0
    assert {row["name"] for row in json.loads(done.stdout)["methods"]} == set(methods.methods())
    assert "method 'broken' cannot be loaded" in done.stderr
    assert "Traceback" not in done.stderr
    asked = fresh("from jobs.cli import main; main()", "methods", "broken", "--json", path=path)
    assert asked.returncode == 2
    assert said in json.loads(asked.stdout)["error"]
    assert "Traceback" not in asked.stderr


@pytest.mark.parametrize("package", [ef, artifact, graph, methods], ids=lambda package: package.__name__)
def test_every_name_of_a_package_is_there_when_it_is_used(package: object) -> None:
    done = fresh(
        """
        import importlib, sys
        package = importlib.import_module(sys.argv[1])
        missing = [name for name in package.__all__ if not hasattr(package, name)]
        assert not missing, missing
        try:
            package.no_such_name
        except AttributeError as error:
            assert str(error) == f"module {sys.argv[1]!r} has no attribute 'no_such_name'"
        """,
        package.__name__,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("first", ["embedding_features.methods.als", "embedding_features.methods.base", ""])
def test_a_method_is_a_function_and_a_composition_is_read_back_whatever_was_imported_first(
    first: str,
) -> None:
    """``methods.als`` is a module's name, too; and the kinds of all parts are known to ``Method``."""
    done = fresh(
        """
        import importlib, sys
        if sys.argv[1]:
            importlib.import_module(sys.argv[1])
        from embedding_features import methods
        assert callable(methods.als), methods.als
        kinds = [{"kind": "bpmf"}, {"kind": "ials"}, {"kind": "spectral"}]
        for solver in kinds:
            methods.Method.model_validate({"kind": "closed_form", "view": {}, "solver": solver})
        """,
        first,
    )
    assert done.returncode == 0, done.stderr
