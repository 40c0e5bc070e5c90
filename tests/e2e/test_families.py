"""Snapshots of a graph of one node type, and of several relations, go all the way to the report."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from embedding_features.artifact import Snapshot
from jobs.cli import run
from tests.e2e.planted_pipeline import write_pipeline

FOLLOWS, SHELF = "follows.parquet", "shelf.parquet"


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a pipeline of a walk over friends, and of translations over all relations."""
    folder = tmp_path_factory.mktemp("families")
    template = yaml.safe_load(write_pipeline(folder / "template").read_text())
    graph = template["graph"]
    rng = np.random.default_rng(0)
    user = rng.integers(0, 300, 1_500)
    pq.write_table(
        pa.table({"from": user, "to": (user + 10 * rng.integers(1, 30, 1_500)) % 300}), folder / FOLLOWS
    )
    pq.write_table(pa.table({"item": np.arange(150), "shelf": np.arange(150) % 7}), folder / SHELF)
    graph["nodes"]["shelf"] = {"id": "int64"}
    graph["relations"] |= {
        "follows": {
            "parquet": str(folder / FOLLOWS),
            "src": {"type": "user", "column": "from"},
            "dst": {"type": "user", "column": "to"},
        },
        "stands_on": {
            "parquet": str(folder / SHELF),
            "src": {"type": "item", "column": "item"},
            "dst": {"type": "shelf", "column": "shelf"},
        },
    }
    walks = {"dim": 8, "walks_per_node": 4, "length": 10, "relations": ["follows"]}
    config = write_pipeline(
        folder / "run",
        graph=graph,
        pretrain={"method": "deepwalk", "params": walks, "warm_start": True, "freeze": ["user"]},
        also=[
            {"method": "twhin", "params": {"dim": 8, "epochs": 15}, "warm_start": True, "previous_l2": 0.1}
        ],
        rank={
            **template["rank"],
            "rankers": {"wide_deep": {"kind": "wide_deep", "training": {"epochs": 2}}},
            "grid": [{"features": ["none", "dense"]}, {"features": ["dense"], "methods": ["twhin"]}],
            "seeds": [0],
        },
        publish={**template["publish"], "repo": str(folder / "run" / "repo"), "allow_timeless": True},
        ablate={"baseline": "none", "replicates": 1000, "slice_replicates": 100},
    )
    for step in ("graph", "pretrain", "derive", "publish", "ablate"):
        assert run([step, "--config", str(config)]) == 0, step
    return folder / "run"


def series(done: Path, number: int) -> list[Snapshot]:
    folders = list(json.loads((done / "workspace" / "embeddings.json").read_text()).values())[number]
    return [Snapshot.open(Path(folder)) for folder in folders]


def test_a_graph_of_one_node_type_gives_one_table_in_one_space(done: Path) -> None:
    found = series(done, 0)
    assert [list(snapshot.manifest.nodes) for snapshot in found] == [["user"]] * len(found)
    assert {snapshot.manifest.space.id for snapshot in found} == {"deepwalk.s1"}
    assert found[0].manifest.space.metric == "cosine"
    first, second = (snapshot.vectors("user").vectors for snapshot in found[:2])
    np.testing.assert_allclose(first, second, atol=1e-5)  # frozen, and nothing turned them


def test_several_relations_give_a_table_a_node_type_and_one_of_relations(done: Path) -> None:
    found = series(done, 1)
    assert {snapshot.manifest.space.id for snapshot in found} == {"twhin.s1"}
    assert list(found[0].manifest.nodes) == ["user", "item", "shelf", "relation"]
    names = found[0].vectors("relation").ids.to_pylist()
    assert names == ["clicked", "follows", "stands_on", "~clicked", "~follows", "~stands_on"]


def test_both_are_features_of_a_ranker(done: Path) -> None:
    cells = json.loads((done / "workspace" / "report" / "ablation.json").read_text())["cells"]
    figures = {c["variant"]: c["figure"]["value"] for c in cells if c["metric"] == "auc"}
    assert {"none", "dense", "twhin-dense"} <= set(figures)
    assert figures["dense"] != figures["none"] != figures["twhin-dense"]
