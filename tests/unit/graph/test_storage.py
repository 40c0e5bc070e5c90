"""A saved graph is the graph, mapped and read-only; a damaged one is refused by the name of the file."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.errors import ConfigError, GraphError, SnapshotError
from embedding_features.graph import Graph
from embedding_features.graph.fingerprint import fingerprint
from tests.unit.graph.graph_logs import day, schema, write_log


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    write_log(
        tmp_path / "views" / "a.parquet",
        user=[3, 1, 1, 2],
        item=["é", "a", "b", "b"],
        at=[day(0), day(1), day(1), day(2)],
        stars=[1.0, 2.0, 3.0, 4.0],
    )
    write_log(tmp_path / "items.parquet", item=["a"], brand=["x"])
    features = {"parquet": "items.parquet", "id": "item", "columns": ["brand"]}
    return Graph.build(
        schema(tmp_path, {"weight": "stars"}, item={"id": "string", "features": features}), day(2)
    )


def test_a_loaded_graph_is_the_saved_one(graph: Graph, tmp_path: Path) -> None:
    graph.save(tmp_path / "graphs" / "g")
    loaded = Graph.load(tmp_path / "graphs" / "g")
    assert loaded.as_of == graph.as_of
    assert loaded.report == graph.report
    assert loaded.fingerprint == graph.fingerprint
    assert fingerprint(loaded.vocabularies, loaded.relations, loaded.features) == graph.fingerprint
    assert loaded.features["item"].equals(graph.features["item"])
    for name in ("forward", "reverse"):
        ours, theirs = getattr(graph.relation(), name), getattr(loaded.relation(), name)
        for array in ("indptr", "indices", "weight", "time"):
            np.testing.assert_array_equal(getattr(ours, array), getattr(theirs, array))
        assert ours.columns == theirs.columns
    assert not list(tmp_path.glob(".staging/*"))


def test_loaded_arrays_are_mapped_and_read_only(graph: Graph, tmp_path: Path) -> None:
    graph.save(tmp_path / "graphs" / "g")
    before = pa.total_allocated_bytes()
    loaded = Graph.load(tmp_path / "graphs" / "g")
    assert pa.total_allocated_bytes() == before
    csr = loaded.relation().forward
    for array in (csr.indptr, csr.indices, csr.weight, csr.time):
        assert array is not None
        assert isinstance(array.base, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_a_loaded_graph_works_as_parent_and_transposes(graph: Graph, tmp_path: Path) -> None:
    graph.save(tmp_path / "graphs" / "g")
    loaded = Graph.load(tmp_path / "graphs" / "g")
    write_log(tmp_path / "views" / "b.parquet", user=[0], item=["0"], at=[day(3)], stars=[1.0])
    child = Graph.build(schema(tmp_path, item={"id": "string"}), day(3), parent=loaded)
    assert child.vocabularies["user"].ids.to_pylist() == [1, 2, 3, 0]
    np.testing.assert_array_equal(
        loaded.relation().reverse.transposed().indices, loaded.relation().forward.indices
    )


def test_an_empty_relation_can_be_saved(tmp_path: Path) -> None:
    write_log(tmp_path / "views" / "a.parquet", user=[1], item=[1], at=[day(5)])
    graph = Graph.build(schema(tmp_path, {"allow_empty": True}), day(0))
    graph.save(tmp_path / "graphs" / "g")
    assert Graph.load(tmp_path / "graphs" / "g").relation().forward.edges == 0


def test_every_damaged_file_is_named(graph: Graph, tmp_path: Path) -> None:
    """Missing, cut short, or one bit changed."""
    folder = tmp_path / "graphs" / "g"
    graph.save(folder)
    for path in [p for p in folder.rglob("*") if p.is_file()]:
        data = path.read_bytes()
        flipped = bytes([data[-3] ^ 1])
        for damaged in (None, data[:-1], data[: len(data) // 2], data[:-3] + flipped + data[-2:]):
            path.unlink(missing_ok=True)
            if damaged is not None:
                path.write_bytes(damaged)
            with pytest.raises(SnapshotError, match=path.name):
                Graph.load(folder)
        path.write_bytes(data)
    assert Graph.load(folder).fingerprint == graph.fingerprint


def test_an_edited_record_is_refused(graph: Graph, tmp_path: Path) -> None:
    """A folder whose as_of was moved by hand."""
    folder = tmp_path / "graphs" / "g"
    graph.save(folder)
    record = json.loads((folder / "graph.json").read_text())
    (folder / "graph.json").write_text(json.dumps(record | {"as_of": "2020-01-01T00:00:00Z"}))
    with pytest.raises(SnapshotError, match=r"graph\.json is altered"):
        Graph.load(folder)


def test_nothing_is_overwritten_and_nowhere_is_named(graph: Graph, tmp_path: Path) -> None:
    graph.save(tmp_path / "graphs" / "g")
    with pytest.raises(SnapshotError, match="exists already"):
        graph.save(tmp_path / "graphs" / "g")
    with pytest.raises(SnapshotError, match="is missing"):
        Graph.load(tmp_path / "graphs" / "other")


def test_names_cannot_leave_the_folder(tmp_path: Path) -> None:
    ids = np.array([1])
    graph = Graph.from_arrays(day(0), {("user", "../../views", "item"): (ids, ids)})
    with pytest.raises(ConfigError, match="not allowed"):
        graph.save(tmp_path / "graphs" / "g")
    assert not list(tmp_path.rglob("*.npy"))


def test_an_unknown_relation_is_named(graph: Graph) -> None:
    with pytest.raises(GraphError, match="'bought'"):
        graph.relation("bought")
