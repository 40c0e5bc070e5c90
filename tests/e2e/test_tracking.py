"""Jobs tracked in MLflow: what a run holds, how it ends, and what comes of a job when MLflow is away."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from jobs.cli import run
from jobs.mlflow_figures import Figure, data_fingerprint, figures, parameters
from jobs.pipeline import load_pipeline
from jobs.steps import graph
from jobs.tracking import Tracking
from jobs.workspace import Workspace
from ranking.bundle import load_bundle
from tests.e2e.planted_pipeline import contents, write_pipeline

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

JOBS = ("graph", "pretrain", "derive", "publish", "verify", "rank", "ablate")
SMALL: dict[str, Any] = {
    "as_of": {"first": "2026-02-10T00:00:00Z", "last": "2026-03-20T00:00:00Z", "every_days": 38},
    "recall": {"k": 10, "every_days": 10, "stage": {"candidates": 20}},
    "also": [],
    "ablate": {"metrics": ["auc", "ndcg@10"], "replicates": 320, "slice_replicates": 100},
}


@dataclass
class World:
    """A pipeline all of whose jobs were tracked, and what they returned."""

    folder: Path
    results: dict[str, dict[str, Any]]

    @property
    def config(self) -> str:
        return str(self.folder / "pipeline.yaml")


def call(*arguments: str) -> dict[str, Any]:
    """A job with ``--json``: what it prints on stdout is one object."""
    with redirect_stdout(StringIO()) as printed:
        code = run([*arguments, "--json"])
    result: dict[str, Any] = json.loads(printed.getvalue())
    return {**result, "code": code}


def small_pipeline(folder: Path) -> Path:
    """The planted pipeline with one method and one ranker."""
    path = write_pipeline(folder, **SMALL)
    pipeline = yaml.safe_load(path.read_text())
    pipeline["rank"] |= {
        "rankers": {"lightgbm": {"kind": "lightgbm"}},
        "grid": [{"features": ["none", "dense", "all"]}],
    }
    path.write_text(yaml.safe_dump(pipeline))
    return path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("tracked")
    config = str(small_pipeline(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        with pytest.MonkeyPatch.context() as moved:
            moved.chdir(folder)  # where MLflow's artifacts go beside a database
            results = {job: call(job, "--config", config, "--track", "mlflow") for job in JOBS}
            repo = str(folder / "repo")
            results["materialize"] = call("materialize", "--repo", repo, "--track", "mlflow")
        yield World(folder, results)


@pytest.fixture(autouse=True)
def _beside_the_artifacts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world.folder)


@pytest.fixture
def client(world: World) -> "MlflowClient":
    from mlflow import MlflowClient  # after --track has switched its telemetry off

    return MlflowClient()


def newest(client: "MlflowClient", job: str, experiment: str = "planted") -> "Run":
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    return client.search_runs([found.experiment_id], f"tags.job = '{job}'")[0]


def artifacts(run_: "Run") -> Path:
    return Path(run_.info.artifact_uri.removeprefix("file://"))


@pytest.mark.parametrize("job", [*JOBS, "materialize", "recall", "submodel", "quickstart"])
def test_every_job_of_a_pipeline_can_be_tracked(job: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([job, "--help"]) == 0
    assert "--track" in capsys.readouterr().out


def test_every_job_is_one_finished_run(world: World, client: "MlflowClient") -> None:
    assert {result["code"] for result in world.results.values()} == {0}
    found = client.get_experiment_by_name("planted")
    assert found is not None
    runs = client.search_runs([found.experiment_id], "attributes.status = 'FINISHED'")
    assert sorted(one.data.tags["job"] for one in runs if "error" not in one.data.tags) == sorted(JOBS)
    assert all(one.info.run_name.startswith(f"{one.data.tags['job']} 20") for one in runs)
    assert newest(client, "materialize", experiment="repo").info.status == "FINISHED"


def test_parameters_are_the_resolved_settings(world: World, client: "MlflowClient") -> None:
    found = newest(client, "rank")
    wanted = {
        "name": "planted",
        "as_of.every_days": "38.0",
        "pretrain.params.dim": "8",
        "pretrain.family": "null",
        "derive.tokens.0.kind": "residual_tokens",
        "rank.rankers.lightgbm.kind": "lightgbm",
        "rank.seeds": "[0, 1]",
        "publish.allow_timeless": "false",
    }
    assert {name: found.data.params[name] for name in wanted} == wanted
    assert load_pipeline(artifacts(found) / "settings.yaml") == load_pipeline(Path(world.config))


def test_runs_on_one_graph_have_one_data_fingerprint(client: "MlflowClient") -> None:
    tags = [newest(client, job).data.tags for job in JOBS]
    (fingerprint,) = {one["data_fingerprint"] for one in tags}
    assert len(fingerprint) == 64
    assert all(one["library_version"] for one in tags)


def test_metrics_are_the_figures_of_the_result(world: World, client: "MlflowClient") -> None:
    result = world.results["rank"]
    metrics = newest(client, "rank").data.metrics
    for row in result["scores"]:
        assert metrics.pop(f"auc.{row['ranker']}.{row['variant']}") == row["auc"]
        assert metrics.pop(f"training_seconds.{row['ranker']}.{row['variant']}") == row["training seconds"]
    assert metrics == {"test_rows": result["test_rows"]}


def test_moments_are_the_steps_of_a_metric(world: World, client: "MlflowClient") -> None:
    rows = world.results["graph"]["graphs"]
    history = client.get_metric_history(newest(client, "graph").info.run_id, "clicked")
    assert [(one.step, one.value) for one in history] == [(i, row["clicked"]) for i, row in enumerate(rows)]
    rows = world.results["pretrain"]["embeddings"]
    run_id = newest(client, "pretrain").info.run_id
    history = client.get_metric_history(run_id, f"residual.{rows[0]['space']}")
    assert {one.step: one.value for one in history} == {i: row["residual"] for i, row in enumerate(rows) if i}
    assert "coverage" in "".join(newest(client, "derive").data.metrics)


def test_an_ablation_has_its_cells_and_its_report(world: World, client: "MlflowClient") -> None:
    result, found = world.results["ablate"], newest(client, "ablate")
    ablation = json.loads(Path(result["json"]).read_text())
    for cell in ablation["cells"]:
        name = f"{cell['metric']}%s.{cell['ranker']}.{cell['variant']}".replace("@", "_")
        assert found.data.metrics[name % ""] == cell["figure"]["value"]
        if cell["difference"]:
            assert found.data.metrics[name % "_difference"] == cell["difference"]["value"]
            assert found.data.metrics[name % "_p_corrected"] == cell["p_corrected"]
    for cost in ablation["costs"]:
        name = f"bytes_online.{cost['ranker']}.{cost['variant']}"
        assert found.data.metrics[name] == cost["bytes_online"]
    mixes = {cell["mix"] for cell in ablation["recall"]}
    assert sum(name.startswith("recall_10.") for name in found.data.metrics) == len(mixes) > 1
    for path in (Path(result["report"]), Path(result["json"])):
        assert (artifacts(found) / "report" / path.name).read_bytes() == path.read_bytes()


def test_the_bundle_of_a_run_scores(world: World, client: "MlflowClient") -> None:
    folder = artifacts(newest(client, "rank")) / "bundles"
    for row in world.results["rank"]["bundles"]:
        made = Path(row["bundle"])
        assert contents(folder / made.name) == contents(made)
        assert load_bundle(folder / made.name, world.folder / "repo").record.metrics["test_auc"] > 0.55


def test_a_failed_job_is_a_failed_run_with_its_error(
    world: World, client: "MlflowClient", tmp_path: Path
) -> None:
    """A parameter longer than MLflow takes is cut, said to be, and whole in the YAML."""
    long = "item_id >= 0" + " AND item_id >= 0" * 400
    text = Path(world.config).read_text().replace(f"root: {world.folder}", f"root: {tmp_path}")
    config = tmp_path / "pipeline.yaml"
    config.write_text(text.replace("timestamp: timestamp", f"timestamp: timestamp\n      filter: {long}"))
    assert call("pretrain", "--config", str(config), "--track", "mlflow")["code"] == 2
    found = newest(client, "pretrain")
    assert found.info.status == "FAILED"
    assert "graphs.json" in found.data.tags["error"]
    assert "data_fingerprint" not in found.data.tags
    assert found.data.params["graph.relations.clicked.filter"] == long[:6000]
    assert f"graph.relations.clicked.filter ({len(long)} characters)" in found.data.tags["cut_parameters"]
    assert long in (artifacts(found) / "settings.yaml").read_text().replace("\n       ", "")


def test_an_interrupted_job_is_a_killed_run(
    world: World, client: "MlflowClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> dict[str, Any]:
        raise KeyboardInterrupt

    monkeypatch.setattr(graph, "run", interrupted)
    assert call("graph", "--config", world.config, "--track", "mlflow")["code"] == 130
    assert newest(client, "graph").info.status == "KILLED"


def test_without_its_server_the_job_is_done_and_said_to_be_untracked(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://someone:s@secret@127.0.0.1:1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert call("graph", "--config", world.config, "--track", "mlflow") == world.results["graph"] | {
        "code": 7
    }
    said = capsys.readouterr().err
    assert "error: the job is done, but MLflow does not have all of it" in said
    assert "127.0.0.1" in said
    assert "secret" not in said
    assert call("graph", "--config", "nowhere.yaml", "--track", "mlflow")["code"] == 2


def test_a_job_that_fails_untracked_keeps_its_own_exit_code(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    config = tmp_path / "pipeline.yaml"
    config.write_text(Path(world.config).read_text().replace(f"root: {world.folder}", f"root: {tmp_path}"))
    result = call("pretrain", "--config", str(config), "--track", "mlflow")
    assert result["exit_code"] == result["code"] == 2
    assert "graphs.json" in result["error"]


def test_when_a_part_is_refused_the_rest_is_tracked(
    world: World,
    client: "MlflowClient",
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A full disk behind the server, and an MLflow that prints on stdout when a run ends."""
    from mlflow import MlflowClient

    ends = MlflowClient.set_terminated

    def full(*_: object) -> None:
        raise OSError("no space left")

    def chatty(self: MlflowClient, *arguments: Any) -> None:
        print("View run at http://someone:secret@tracking/1")  # noqa: T201
        ends(self, *arguments)

    monkeypatch.setattr(MlflowClient, "log_text", full)
    monkeypatch.setattr(MlflowClient, "set_terminated", chatty)
    assert call("graph", "--config", world.config, "--track", "mlflow")["code"] == 7
    said = capsys.readouterr().err
    assert "not tracked: OSError: no space left" in said
    assert "View run at http://tracking/1" in said
    found = newest(client, "graph")
    assert found.info.status == "FINISHED"
    assert found.data.tags["not_tracked"] == "OSError: no space left"
    assert found.data.metrics["user"] == world.results["graph"]["graphs"][-1]["user"]


def test_without_mlflow_nothing_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(write_pipeline(tmp_path))
    monkeypatch.setitem(sys.modules, "mlflow", None)
    assert call("graph", "--config", config, "--track", "mlflow")["code"] == 2
    assert 'pip install "embedding-features[mlflow]"' in capsys.readouterr().err
    assert not (tmp_path / "workspace").exists()
    assert call("graph", "--config", config)["code"] == 0


def test_mlflow_experiment_name_goes_before_the_pipelines(
    world: World, client: "MlflowClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "elsewhere")
    assert call("graph", "--config", world.config, "--track", "mlflow")["code"] == 0
    assert newest(client, "graph", experiment="elsewhere").info.status == "FINISHED"


def test_telemetry_is_off_unless_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "false")
    Tracking()
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "false"
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY")
    Tracking()
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_only_numbers_are_figures_and_no_two_share_a_name_and_step() -> None:
    row = {"mix": "popular + item2item@20", "auc": 0.5, "written": True, "missing": None}
    result = {"first": [row], "second": [row, row], "seconds": 3, "report": "ablation.html"}
    assert figures(result) == [
        Figure("auc.popular_item2item_20", 0.5, 0),
        Figure("second.auc.popular_item2item_20", 0.5, 0),
        Figure("second.auc.popular_item2item_20", 0.5, 1),
        Figure("seconds", 3.0, 0),
    ]


def test_the_series_of_two_methods_stay_apart() -> None:
    rows = [
        {"run_id": f"{method}-20260{month}01T000000Z-0123456789", "relation": "clicked", "edges": month}
        for method in ("mf_bpr", "spectral")
        for month in (1, 2)
    ]
    assert figures({"verified": rows}) == [
        Figure("edges.mf_bpr.clicked", 1.0, 0),
        Figure("edges.mf_bpr.clicked", 2.0, 1),
        Figure("edges.spectral.clicked", 1.0, 0),
        Figure("edges.spectral.clicked", 2.0, 1),
    ]


def test_the_data_fingerprint_is_of_the_graphs_wherever_they_lie(tmp_path: Path) -> None:
    def of(name: str, *graphs: str) -> str:
        workspace = Workspace(tmp_path / name)
        workspace.write_json("graphs", [{"folder": str(workspace.graphs / graph)} for graph in graphs])
        return data_fingerprint(workspace)

    assert of("one", "20260101T000000Z-aa") == of("two", "20260101T000000Z-aa")
    assert of("one", "20260101T000000Z-aa") != of("two", "20260101T000000Z-bb")
    assert data_fingerprint(Workspace(tmp_path / "empty")) == ""


def test_parameters_have_dotted_names() -> None:
    settings = {"a": {"b c": [1, 2.5, None], "d": [{"e": "x"}, {}]}, "f": {}, "g": True}
    assert parameters(settings) == {
        "a.b_c": "[1, 2.5, null]",
        "a.d.0.e": "x",
        "a.d.1": "{}",
        "f": "{}",
        "g": "true",
    }
