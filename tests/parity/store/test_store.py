"""Contract 4: one embedding, one value, bit for bit, in artifact, offline store and online store."""

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.space import HealthConfig
from embedding_features.store import historical, materialize, online, publish
from tests.store.builders import DAY, T0, US, ids_of, make_repo, snapshot, with_table


def hard_values(table):
    """Values that a detour over text, float64 or a sum would change."""
    vectors = np.stack(table["vector"].to_numpy(zero_copy_only=False)).astype(np.float32)
    vectors[0] = [-0.0, 1e-45, 3.4028235e38, 1 / 3]
    vectors[1] = [1e-38, -1e-20, 16777217, 0.1]
    values = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    return table.set_column(1, "vector", values)


@pytest.mark.parametrize("id_type", ["int64", "string"])
def test_a_vector_is_the_same_everywhere(tmp_path, id_type):
    made = snapshot(tmp_path / "runs", id_type=id_type)
    made = with_table(made, "item_vector.parquet", hard_values)
    repo = make_repo(tmp_path / "repo")
    # extreme values are what is tested here, not what the gate thinks of them
    lenient = HealthConfig(max_norm_outliers=1, min_effective_rank=0)
    run = publish(made, repo, publish_delay=DAY, health=lenient)
    materialize(repo)
    artifact = made.vectors("item")
    order = np.random.default_rng(0).permutation(len(artifact.ids))
    frame = pa.table(
        {
            "item_id": ids_of("item", len(order), id_type).take(pa.array(order)),
            "event_timestamp": pa.array([T0 + 2 * DAY] * len(order), US),
        }
    )
    offline = historical(repo, frame, ["spectral_item_vector"])["spectral_item_vector__vector"]
    served = online(repo, frame.select(["item_id"]), ["spectral_item_vector"])["spectral_item_vector__vector"]
    wanted = artifact.vectors[order]
    assert wanted.dtype == np.float32
    for column in (offline, served, run.snapshot.table("item")["vector"].take(pa.array(order))):
        found = column.combine_chunks().flatten().to_numpy().reshape(wanted.shape)
        assert (found.view(np.uint32) == wanted.view(np.uint32)).all()


def test_derived_features_are_the_same_everywhere(tmp_path):
    """Clusters, tokens and neighbours of the newest run, int64 beyond 2^53 among them."""
    newest = snapshot(tmp_path / "runs")
    repo = make_repo(tmp_path / "repo")
    publish(newest, repo)
    materialize(repo)
    frame = pa.table(
        {
            "user_id": ids_of("user", 20),
            "item_id": ids_of("item", 20),
            "event_timestamp": pa.array([T0 + 20 * DAY] * 20, US),
        }
    )
    offline = historical(repo, frame, "ranking_discrete").drop_columns("event_timestamp")
    served = online(repo, frame.drop_columns("event_timestamp"), "ranking_discrete")
    assert offline.equals(served.select(offline.column_names))
    for node_type, kind in (table for table in newest.tables if table[1] != "vector"):
        table = newest.table(node_type, kind).slice(0, 20)
        for column in table.column_names[1:-2]:
            assert offline[f"spectral_{node_type}_{kind}__{column}"].to_pylist() == table[column].to_pylist()
