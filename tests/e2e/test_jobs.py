"""The jobs, one after the other, on a planted world: what they leave, resume, and refuse."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedding_features.artifact import Snapshot
from embedding_features.store import ensure_repo, list_published, online
from jobs.cli import run
from ranking.bundle import load_bundle
from tests.e2e.planted_pipeline import contents, kill_when, start, write_pipeline

STEPS = ("graph", "pretrain", "derive", "publish", "verify", "recall", "submodel", "surface", "ablate")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world whose pipeline ran to its end."""
    path = tmp_path_factory.mktemp("jobs")
    surface = {"name": "one category", "column": "category", "value": "11", "labels": [600]}
    config = write_pipeline(path, surface=surface, late={"lags": ["1h", "30d"]})
    for step in STEPS[:4]:
        assert run([step, "--config", str(config)]) == 0
    assert run(["materialize", "--repo", str(path / "repo")]) == 0
    for step in STEPS[4:]:
        assert run([step, "--config", str(config)]) == 0
    return path


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """A job with ``--json``: stdout is one object."""
    code = run([*arguments, "--json"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    result: dict[str, Any] = json.loads(lines[0])
    return {**result, "code": code}


def test_the_ablation_holds_figure_interval_and_verdict_of_every_cell(folder: Path) -> None:
    ablation = json.loads((folder / "workspace" / "report" / "ablation.json").read_text())
    cells = {(c["ranker"], c["variant"]): c for c in ablation["cells"] if c["metric"] == "auc"}
    stored = ("counts", "none", "dense", "fresh", "all", "dense-item", "als-dense-item")
    assert set(cells) == {(ranker, variant) for ranker in ("lightgbm", "wide_deep") for variant in stored} | {
        ("wide_deep", "dense-submodel")  # trees have no encoder inside
    }
    for (_, variant), cell in cells.items():
        assert set(cell["slices"]) >= {"cold users", "tail items", "snapshot 0–7 days"}
        assert cell["figure"]["low"] < cell["figure"]["value"] < cell["figure"]["high"]
        if variant == "counts":
            assert cell["verdict"] is None
        else:
            assert cell["difference"]["low"] <= cell["difference"]["value"] <= cell["difference"]["high"]
            assert cell["verdict"] in ("better", "worse", "no difference")
            assert cell["delong"]["value"] == pytest.approx(cell["difference"]["value"], abs=1e-9)


def test_the_ablation_holds_costs_importance_and_the_recall_mode(folder: Path) -> None:
    ablation = json.loads((folder / "workspace" / "report" / "ablation.json").read_text())
    costs = {(c["ranker"], c["variant"]): c for c in ablation["costs"]}
    bytes_ = {
        variant: costs["lightgbm", variant]["bytes_online"] for variant in ("none", "dense-item", "dense")
    }
    newest = list_published(folder / "repo")[-1].manifest
    count = {node_type: record.count for node_type, record in newest.nodes.items()}
    assert bytes_["none"] == 0
    for variant, nodes in (("dense-item", count["item"]), ("dense", sum(count.values()))):
        assert 32 * nodes <= bytes_[variant] <= 34 * nodes  # 8 numbers a vector, and Arrow's bits of validity
    assert costs["lightgbm", "dense"]["read_ms"] > 0
    assert all(cost["score_ms"] > 0 and cost["train_seconds"] > 0 for cost in costs.values())
    fields = {(one["ranker"], one["variant"]): one for one in ablation["importance"]}
    assert fields["lightgbm", "dense"]["method"] == "shap"
    assert fields["lightgbm", "dense"]["fields"][0]["group"] == "dense"
    assert fields["wide_deep", "none"]["method"] == "permutation"
    mixes = {cell["mix"] for cell in ablation["recall"]}
    assert {"item_knn + popular", "item_knn + popular + interest"} <= mixes
    assert {cell["metric"] for cell in ablation["recall"]} == {"recall@10", "ndcg@10"}


def test_the_ablation_holds_the_studies_beside_the_grid(folder: Path) -> None:
    """The lag 0 is the variant itself, of the first seed."""
    ablation = json.loads((folder / "workspace" / "report" / "ablation.json").read_text())
    (surface,) = ablation["surfaces"]
    assert (surface["name"], surface["labels"]) == ("one category", 600)
    assert [cell["variant"] for cell in surface["cells"] if cell["metric"] == "auc"] == [
        "surface", "elsewhere", "fresh",
    ]  # fmt: skip
    late = {cell["variant"]: cell for cell in ablation["late"]}
    assert set(late) == {"none", "0s", "1h", "30d"}
    grid = next(
        c
        for c in ablation["cells"]
        if (c["ranker"], c["variant"], c["metric"]) == ("lightgbm", "fresh", "auc")
    )
    assert late["0s"]["figure"]["value"] == grid["seeds"][0]
    assert late["30d"]["figure"]["value"] != late["0s"]["figure"]["value"]
    html = (folder / "workspace" / "report" / "ablation.html").read_text()
    assert "A new surface" in html
    assert "How fresh events must be" in html


def test_planted_interests_are_found_and_said_to_be(folder: Path) -> None:
    """Counts know popularity only; vectors know who likes what: far better, not by chance."""
    ablation = json.loads((folder / "workspace" / "report" / "ablation.json").read_text())
    cell = next(c for c in ablation["cells"] if (c["variant"], c["metric"]) == ("dense", "auc"))
    assert cell["verdict"] == "better"
    assert cell["difference"]["value"] > 0.05
    assert ablation["findings"][0].startswith("Earned its keep in AUC: ")
    assert "dense for " in ablation["findings"][0]


@pytest.mark.slow
def test_trained_anew_and_killed_in_between_all_agrees_to_the_last_digit(folder: Path) -> None:
    """But what clocks say; cells that were there before the kill are not trained again."""
    cells, report = folder / "workspace" / "ranking", folder / "workspace" / "report" / "ablation.json"
    before = json.loads(report.read_text())
    shutil.rmtree(cells)
    process = start("ablate", "--config", str(folder / "pipeline.yaml"))
    kill_when(process, lambda: len(list(cells.glob("*.parquet"))) >= 3)
    kept = contents(cells, "*.parquet")
    assert run(["ablate", "--config", str(folder / "pipeline.yaml")]) == 0
    assert contents(cells, "*.parquet").items() >= kept.items()
    after = json.loads(report.read_text())
    for found in (before, after):
        clocks = found.pop("costs")
        found["bytes"] = {(c["ranker"], c["variant"]): c["bytes_online"] for c in clocks}
    assert after == before


def test_the_report_is_one_file_that_asks_for_nothing(folder: Path) -> None:
    html = (folder / "workspace" / "report" / "ablation.html").read_text()
    assert "<script" not in html
    assert "lightgbm" in html


def test_snapshots_share_a_space_and_its_codebooks(folder: Path) -> None:
    runs = list_published(folder / "repo")
    assert [sum(run_.family == family for run_ in runs) for family in ("spectral", "als")] == [4, 4]
    mine = [run_ for run_ in runs if run_.family == "spectral"]
    assert len({run_.manifest.space.id for run_ in mine}) == 1
    assert len({tuple(c.id for c in run_.manifest.codebooks) for run_ in mine}) == 1
    assert all(run_.manifest.alignment for run_ in mine[1:])


def test_snapshots_record_how_near_fresh_vectors_are_and_verify_recounts_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for run_ in list_published(folder / "repo"):
        made = run_.manifest
        assert {node_type: health["fresh_coverage"] for node_type, health in made.health.items()} == {
            node_type: record.count / record.catalogue for node_type, record in made.nodes.items()
        }
        assert made.fresh["user"].own.quantiles["5%"] == pytest.approx(1, abs=1e-4)
        for record in made.fresh.values():
            since = record.since_parent
            assert (since and since.run_id) == made.parent
    verified = call(capsys, "verify", "--config", str(folder / "pipeline.yaml"))["verified"]
    assert [row["fold-ins"] for row in verified] == ["recounted"] * 8


def test_without_graphs_derive_measures_what_vectors_alone_tell(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace, elsewhere = folder / "workspace", tmp_path / "workspace"
    elsewhere.mkdir()
    shutil.copy(workspace / "embeddings.json", elsewhere)
    text = (folder / "pipeline.yaml").read_text().replace(str(workspace), str(elsewhere))
    (tmp_path / "pipeline.yaml").write_text(text)
    rows = call(capsys, "derive", "--config", str(tmp_path / "pipeline.yaml"))["features"]
    assert len(rows) == 8
    assert all("user coverage" in row and "user fresh_coverage" not in row for row in rows)
    for path in elsewhere.rglob("manifest.json"):
        assert json.loads(path.read_text())["fresh"] == {}


def test_a_vector_is_the_same_online_and_in_the_artifact(folder: Path) -> None:
    newest = list_published(folder / "repo")[-1]
    table = Snapshot.open(newest.folder).vectors("item")
    served = online(folder / "repo", pa.table({"item_id": table.ids}), ["spectral_item_vector"])
    column = served.column(served.column_names[-1]).combine_chunks()
    assert column.flatten().to_numpy().tobytes() == table.vectors.tobytes()


def test_of_each_ranker_a_bundle_that_this_repository_serves(folder: Path) -> None:
    made = list((folder / "workspace" / "bundles").glob("[!.]*"))
    assert {folder_.name.split("-")[0] for folder_ in made} == {"lightgbm", "wide_deep"}
    for bundle in (load_bundle(folder_, folder / "repo") for folder_ in made):
        assert bundle.record.metrics["test_auc"] > 0.55
        assert bundle.record.calibration is not None


def test_what_the_modes_measured_is_told(folder: Path) -> None:
    """Losses of the stages add up; a frozen sub-model is the feature mode; the report tells both."""
    workspace = folder / "workspace"
    recall = json.loads((workspace / "recall.json").read_text())
    for row in recall["rows"]:
        lost = row["candidates miss"] + row["ranker loses"]
        assert row["end to end"] + lost == pytest.approx(row["possible"])
        assert row["end to end"] > 0
    submodel = json.loads((workspace / "submodel.json").read_text())
    auc = {row["mode"]: row["auc"] for row in submodel["rows"]}
    assert auc["sub-model, frozen"] == pytest.approx(auc["feature"], abs=1e-4)
    assert auc["sub-model, frozen, edges up to the test"] != auc["sub-model, frozen"]
    html = (workspace / "report" / "ablation.html").read_text()
    assert "Recall mode:" in html
    assert "Sub-model mode:" in html


def test_a_second_run_finds_everything(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = str(folder / "pipeline.yaml")
    names = ("*.parquet", "bundle.json", "recall.json", "submodel.json")
    made = [path for name in names for path in (folder / "workspace").rglob(name)]
    before = {path: path.stat().st_mtime_ns for path in made}
    for step in STEPS:
        assert call(capsys, step, "--config", config)["code"] == 0
    assert {p: p.stat().st_mtime_ns for name in names for p in (folder / "workspace").rglob(name)} == before
    done = call(capsys, "materialize", "--repo", str(folder / "repo"))
    assert not any(row["written"] for row in done["materialized"])


def test_a_leak_in_what_is_published_is_found(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A snapshot dated before its edges: the manifest says one thing, the logs another."""
    logs = folder / "world" / "interactions_shop.parquet"
    table = pq.read_table(logs)
    cut = tmp_path / "interactions.parquet"
    pq.write_table(table.slice(0, table.num_rows // 2), cut)
    config = (folder / "pipeline.yaml").read_text().replace(str(logs), str(cut))
    (tmp_path / "pipeline.yaml").write_text(config)
    result = call(capsys, "verify", "--config", str(tmp_path / "pipeline.yaml"))
    assert result["code"] == result["exit_code"] == 4
    assert "the logs" in result["error"]


def test_an_unhealthy_snapshot_stops_with_its_figures(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (folder / "pipeline.yaml").read_text() + "\nhealth: {min_effective_rank: 1.0}\n"
    (tmp_path / "pipeline.yaml").write_text(text)
    published = len(list_published(folder / "repo"))
    result = call(capsys, "derive", "--config", str(tmp_path / "pipeline.yaml"))
    assert result["code"] == 3
    assert "FAILED item effective_rank" in result["error"]
    (tmp_path / "pipeline.yaml").write_text(text.replace(str(folder / "repo"), str(tmp_path / "repo")))
    ensure_repo(tmp_path / "repo")
    result = call(capsys, "publish", "--config", str(tmp_path / "pipeline.yaml"))
    assert result["code"] == 3
    assert "FAILED item effective_rank" in result["error"]
    assert list_published(tmp_path / "repo") == []
    assert len(list_published(folder / "repo")) == published
