"""Nothing later than as_of reaches a graph, and a graph that claims an earlier moment is caught."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedding_features.errors import GraphError, LeakError
from embedding_features.graph import CSR, Graph, Relation
from embedding_features.graph.edge_summary import edge_summary
from embedding_features.graph.schema import GraphSchema
from embedding_features.graph.verify import verify_as_of
from tests.unit.graph.graph_logs import day, schema, write_log

PAST = {
    "user": [1, 2, 2, 3, 3],
    "item": ["a", "a", "b", "c", "c"],
    "at": [day(0), day(1), day(1), day(2), day(2)],
    "stars": [1.0, 2.0, 3.0, 4.0, 5.0],
}
FUTURE: dict[str, dict[str, list[Any]]] = {
    "between known nodes": {"user": [1], "item": ["b"], "at": [day(3)], "stars": [9.0]},
    "a known pair again": {"user": [3], "item": ["c"], "at": [day(3)], "stars": [9.0]},
    "ids that would sort first": {"user": [0], "item": ["A"], "at": [day(3)], "stars": [9.0]},
    "a microsecond late": {"user": [0], "item": ["A"], "at": [day(2 + 1e-6 / 86400)], "stars": [9.0]},
    "unfit": {"user": [0], "item": ["A"], "at": [day(3)], "stars": [float("nan")]},
}
SOURCES: dict[str, dict[str, Any]] = {
    "parquet": {},
    "sql": {"parquet": None, "sql": "FROM 'views/*.parquet'"},
    "aggregate": {
        "parquet": None,
        "sql": """SELECT user, item, max("at") AS "at", sum(stars) AS stars
                  FROM 'views/*.parquet' WHERE "at" <= $as_of GROUP BY user, item""",
    },
}


def _schema(folder: Path, **relation: Any) -> GraphSchema:
    return schema(folder, {"weight": "stars", **relation}, item={"id": "string"})


def _same(a: CSR, b: CSR) -> bool:
    arrays = ("indptr", "indices", "weight", "time")
    return a.columns == b.columns and all(np.array_equal(getattr(a, n), getattr(b, n)) for n in arrays)


def _same_graph(a: Graph, b: Graph) -> None:
    assert a.fingerprint == b.fingerprint
    for node_type, vocabulary in b.vocabularies.items():
        assert a.vocabularies[node_type].ids.equals(vocabulary.ids)
    for name, relation in b.relations.items():
        assert _same(a.relations[name].forward, relation.forward)
        assert _same(a.relations[name].reverse, relation.reverse)


@pytest.mark.parametrize("future", FUTURE)
def test_a_planted_future_edge_changes_nothing(tmp_path: Path, future: str) -> None:
    plan = _schema(tmp_path)
    write_log(tmp_path / "views" / "past.parquet", **PAST)
    honest = Graph.build(plan, day(2))
    write_log(tmp_path / "views" / "future.parquet", **FUTURE[future])
    _same_graph(Graph.build(plan, day(2)), honest)
    if future != "unfit":
        assert Graph.build(plan, day(4)).fingerprint != honest.fingerprint


@pytest.mark.parametrize("duplicates", ["keep", "sum", "last"])
@pytest.mark.parametrize("source", SOURCES)
def test_no_source_and_no_merging_lets_the_future_in(tmp_path: Path, source: str, duplicates: str) -> None:
    plan = _schema(tmp_path, **SOURCES[source], duplicates=duplicates)
    write_log(tmp_path / "views" / "past.parquet", **PAST)
    honest = Graph.build(plan, day(2))
    for number, future in enumerate(FUTURE.values()):
        write_log(tmp_path / "views" / f"future_{number}.parquet", **future)
    _same_graph(Graph.build(plan, day(2)), honest)


def test_a_planted_future_feature_changes_nothing(tmp_path: Path) -> None:
    """With a time by the as-of rule; without one because it cannot add a node."""
    write_log(tmp_path / "views" / "past.parquet", **PAST)
    items = {"item": ["a", "z"], "price": [1, 2], "since": [day(0), day(1)]}
    users = {"user": [1], "age": [30]}
    timed = {"parquet": "items.parquet", "id": "item", "columns": ["price"], "timestamp": "since"}
    untimed = {"parquet": "users.parquet", "id": "user", "columns": ["age"]}
    plan = schema(
        tmp_path,
        user={"id": "int64", "features": untimed},
        item={"id": "string", "features": timed},
    )
    write_log(tmp_path / "items.parquet", **items)
    write_log(tmp_path / "users.parquet", **users)
    honest = Graph.build(plan, day(2))
    assert honest.vocabularies["item"].ids.to_pylist() == ["a", "b", "c", "z"]
    late = {"item": ["a", "0"], "price": [7, 7], "since": [day(3), day(3)]}
    write_log(tmp_path / "items.parquet", **{n: items[n] + late[n] for n in items})
    write_log(tmp_path / "users.parquet", user=[1, 0], age=[30, 99])
    planted = Graph.build(plan, day(2))
    assert planted.fingerprint == honest.fingerprint
    assert planted.features["item"].equals(honest.features["item"])


def _moved_back(graph: Graph) -> Graph:
    """Every edge is said to have happened at the first moment."""
    csr = graph.relation().forward
    assert csr.time is not None
    relation = Relation.from_edges(
        "viewed", "user", "item", csr.sources(), csr.indices, (csr.rows, csr.columns), csr.weight,
        np.full_like(csr.time, csr.time.min()),
    )  # fmt: skip
    return replace(graph, relations={"viewed": relation}, fingerprint="")


def _swapped(graph: Graph) -> Graph:
    """As many edges as the logs have, and none later than they: but one of them is another."""
    csr = graph.relation().forward
    src = csr.sources()
    src[0] = 1
    relation = Relation.from_edges(
        "viewed", "user", "item", src, csr.indices, (csr.rows, csr.columns), csr.weight, csr.time
    )
    return replace(graph, relations={"viewed": relation}, fingerprint="")


LEAKS: dict[str, tuple[Callable[[Graph], Graph], float, str]] = {
    "dated before its edges": (lambda g: replace(g, as_of=day(1)), 1, "at 2026-01-03.*later than 2026-01-02"),
    "times moved back": (lambda g: replace(_moved_back(g), as_of=day(1)), 1, "5 edges recorded.* 3 as of"),
    "before all logs": (lambda g: replace(_moved_back(g), as_of=day(0)), 0, "5 edges recorded.* 1 as of"),
    "as many edges, another one": (_swapped, 2, "1 edges that the logs do not have"),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_planted_on_purpose_is_caught(tmp_path: Path, leak: str) -> None:
    plan = _schema(tmp_path)
    write_log(tmp_path / "views" / "past.parquet", **PAST)
    plant, _, message = LEAKS[leak]
    with pytest.raises(LeakError, match=message):
        verify_as_of(plan, plant(Graph.build(plan, day(2))))


@pytest.mark.parametrize("leak", ["dated before its edges", "times moved back", "before all logs"])
def test_a_record_of_counts_and_times_shows_a_leak_too(tmp_path: Path, leak: str) -> None:
    """What a manifest holds is enough, without the graph."""
    plan = _schema(tmp_path)
    write_log(tmp_path / "views" / "past.parquet", **PAST)
    plant, at, message = LEAKS[leak]
    leaky = plant(Graph.build(plan, day(2)))
    with pytest.raises(LeakError, match=message):
        verify_as_of(plan, edge_summary(leaky), day(at))


def test_a_recorded_time_that_no_log_row_has_is_caught(tmp_path: Path) -> None:
    plan = _schema(tmp_path)
    write_log(tmp_path / "views" / "past.parquet", **PAST)
    with pytest.raises(LeakError, match=r"2026-01-02T12:00:00.*latest as of .* is 2026-01-02T00:00:00"):
        verify_as_of(plan, {"viewed": (3, day(0), day(1.5))}, day(1.6))


@pytest.mark.parametrize("duplicates", ["keep", "sum", "last"])
@pytest.mark.parametrize("source", SOURCES)
def test_an_honest_graph_passes_and_tells_what_arrived_late(
    tmp_path: Path, source: str, duplicates: str
) -> None:
    plan = _schema(tmp_path, **SOURCES[source], duplicates=duplicates)
    write_log(tmp_path / "views" / "past.parquet", **PAST)
    first = Graph.build(plan, day(1))
    graph = Graph.build(plan, day(2), parent=first)
    graph.save(tmp_path / "graphs" / "g")
    write_log(tmp_path / "views" / "future.parquet", **FUTURE["ids that would sort first"])
    edges = 5 if duplicates == "keep" and source != "aggregate" else 4
    for recorded in (graph, Graph.load(tmp_path / "graphs" / "g")):
        check = verify_as_of(plan, recorded)["viewed"]
        assert (check.recorded, check.logs, check.recorded_last, check.logs_last) == (
            edges,
            edges,
            day(2),
            day(2),
        )
    assert verify_as_of(plan, edge_summary(graph), "2026-01-03T00:00:00Z")["viewed"].recorded == edges
    write_log(tmp_path / "views" / "late.parquet", user=[7], item=["a"], at=[day(1)], stars=[1.0])
    assert verify_as_of(plan, graph)["viewed"].logs == edges + 1


def test_the_summary_is_what_a_manifest_records(tmp_path: Path) -> None:
    write_log(tmp_path / "views" / "past.parquet", **PAST)
    assert edge_summary(Graph.build(_schema(tmp_path), day(9))) == {"viewed": (5, day(0), day(2))}
    static = _schema(tmp_path, timestamp=None)
    graph = Graph.build(static, day(0))
    assert edge_summary(graph) == {"viewed": (5, None, None)}
    assert verify_as_of(static, graph)["viewed"].logs == 5


def test_a_check_needs_a_moment_and_its_own_schema(tmp_path: Path) -> None:
    write_log(tmp_path / "views" / "past.parquet", **PAST)
    plan = _schema(tmp_path)
    with pytest.raises(GraphError, match="give as_of"):
        verify_as_of(plan, {"viewed": (5, day(0), day(2))})
    with pytest.raises(GraphError, match="no relation 'bought'"):
        verify_as_of(plan, {"bought": (5, day(0), day(2))}, day(2))
    with pytest.raises(GraphError, match="by the schema"):
        verify_as_of(_schema(tmp_path, weight=None), Graph.build(plan, day(2)))
