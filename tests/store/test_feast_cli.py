"""The repository stands alone: Feast's own commands work on it, from anywhere."""

import os
import shutil
import subprocess
import sys

import pyarrow as pa
import pytest
from click.testing import CliRunner
from feast.cli.cli import cli

from embedding_features.store import historical, materialize, online, publish, publish_series
from tests.paths import ROOT
from tests.store.builders import DAY, T0, frame, ids_of, make_repo, snapshot
from tests.store.publishing.test_versions import recorded, service_pins

WINDOW = ["2023-12-01T00:00:00", "2024-06-01T00:00:00"]


@pytest.fixture
def feast(monkeypatch, tmp_path):
    """Run a feast command in this process, from another folder, as a fresh process would."""

    def run(repo, *arguments):
        monkeypatch.chdir(tmp_path)  # back to it afterwards, too: apply changes the folder
        monkeypatch.setattr(sys, "path", [*sys.path, str(repo)])
        sys.modules.pop("features", None)
        result = CliRunner().invoke(cli, ["-c", str(repo), *arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return run


def test_apply_on_an_empty_repository_does_no_harm(feast, repo):
    feast(repo, "apply")
    assert recorded(repo) == {}
    feast(repo, "materialize", *WINDOW)


def test_apply_and_materialize_without_us(feast, repo, tmp_path):
    """After a lost registry, feast apply alone gives the same pins, and feast materialize the same values."""
    runs = [snapshot(tmp_path / "runs", d) for d in (0, 7)]
    publish_series(runs, repo)
    pins = service_pins(repo)
    (repo / "data/registry.db").unlink()
    shutil.rmtree(repo / "data/online")
    feast(repo, "apply")
    assert service_pins(repo) == pins
    assert {numbers[-1] for _, numbers, _, _ in recorded(repo).values()} == {2}
    feast(repo, "materialize", *WINDOW)
    users = pa.table({"user_id": ids_of("user", 20)})
    served = online(repo, users, ["spectral_user_vector"])["spectral_user_vector__vector"]
    assert served.to_pylist() == runs[1].vectors("user").vectors.tolist()
    assert {m.written for m in materialize(repo)} == {False}


def test_apply_keeps_the_online_values_of_old_pins(feast, repo, tmp_path):
    """With Feast's alias for its SQLite store, apply would drop the tables of earlier versions."""
    (repo / "production.py").write_text(
        "from feast import FeatureService\n"
        "production = FeatureService(name='production', features=['spectral_user_vector@v1'])\n"
    )
    users = pa.table({"user_id": ids_of("user", 20)})
    made = [snapshot(tmp_path / "runs", d) for d in (0, 7, 14)]
    for run in made:
        publish(run, repo)
        materialize(repo)
        feast(repo, "apply")
    assert service_pins(repo)["production"] == ["spectral_user_vector@v1"]
    served = online(repo, users, "production")["spectral_user_vector__vector"]
    assert served.to_pylist() == made[0].vectors("user").vectors.tolist()
    rows = frame([(0, 0, 1.0), (0, 0, 15.0)])
    found = historical(repo, rows, "production")["spectral_user_vector__vector"].to_pylist()
    assert found == [made[0].vectors("user").vectors[0].tolist(), made[2].vectors("user").vectors[0].tolist()]


@pytest.mark.slow
def test_feast_in_a_process_and_a_zone_of_its_own(tmp_path):
    repo = make_repo(tmp_path / "repo")
    made = snapshot(tmp_path / "runs")
    publish(made, repo)
    (repo / "data/registry.db").unlink()
    commands = [["apply"], ["materialize", (T0 - DAY).isoformat(), T0.isoformat()]]
    script = "from feast.cli.cli import cli\n" + "".join(
        f"cli({['-c', str(repo), *command]!r}, standalone_mode=False)\n" for command in commands
    )
    environment = os.environ | {"TZ": "America/New_York", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd="/", env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    users = pa.table({"user_id": ids_of("user", 20)})
    served = online(repo, users, ["spectral_user_vector"])["spectral_user_vector__vector"]
    assert served.to_pylist() == made.vectors("user").vectors.tolist()


@pytest.mark.parametrize("command", [("entities", "list"), ("apply",)], ids=" ".join)
def test_a_command_that_searches_nothing_loads_no_index_and_compiles_nothing(command, repo, tmp_path):
    """In a process of its own, over a published snapshot; faiss would tell of its builds, too."""
    publish(snapshot(tmp_path / "runs", 0), repo)
    code = """
import sys
from feast.cli.cli import cli
sys.argv[0] = "feast"
try:
    cli()
finally:
    heavy = {"faiss", "numba", "scipy", "sklearn", "lightgbm", "statsmodels", "polars"} & set(sys.modules)
    assert not heavy, heavy
"""
    done = subprocess.run(
        [sys.executable, "-c", code, "-c", str(repo), *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "faiss" not in done.stdout + done.stderr


def test_faiss_tells_nothing_at_the_level_of_feasts_command_line():
    """Feast's command line sets logging to INFO for everyone; a command that searches does load faiss."""
    code = "import logging; logging.basicConfig(level='INFO'); import embedding_features.store, faiss"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "faiss" not in done.stdout + done.stderr
