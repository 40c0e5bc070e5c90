"""Each rule of the schema, counted in the report or refused by name."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.errors import ConfigError, GraphError, LeakError
from embedding_features.graph import Graph
from tests.unit.graph.graph_logs import DAY_0, day, schema, write_log


def _edges(graph: Graph, name: str | None = None) -> list[tuple[Any, ...]]:
    """(source id, destination id[, weight]) in the order of rows."""
    relation = graph.relation(name)
    src = graph.vocabularies[relation.src].decode(relation.forward.sources()).to_pylist()
    dst = graph.vocabularies[relation.dst].decode(relation.forward.indices).to_pylist()
    weight = relation.forward.weight
    return list(zip(src, dst, strict=True)) if weight is None else list(zip(src, dst, weight, strict=True))


def _ids(graph: Graph, node_type: str) -> list[Any]:
    return list(graph.vocabularies[node_type].ids.to_pylist())


def test_every_dropped_row_is_counted(tmp_path: Path) -> None:
    write_log(
        tmp_path / "views" / "a.parquet",
        user=[3, 1, None, 1, 1, 2, 9],
        item=[7, 7, 7, None, 8, 8, 9],
        at=[day(1), day(1), day(1), day(1), None, day(2), day(3)],
    )
    graph = Graph.build(schema(tmp_path), day(2))
    assert _ids(graph, "user") == [1, 2, 3]
    assert _ids(graph, "item") == [7, 8]
    assert _edges(graph) == [(1, 7), (2, 8), (3, 7)]
    report = graph.report.relations["viewed"]
    assert report.model_dump() == {
        "read": 7, "null_ids": 2, "null_times": 1, "later": 1, "repeated": 0, "merged": 0, "kept": 3,
    }  # fmt: skip
    assert graph.report.nodes["user"].model_dump() == {"nodes": 3, "new": 3}
    assert graph.relation().reverse.indices.tolist() == [0, 2, 1]


def test_an_edge_at_as_of_belongs_to_the_graph_and_a_microsecond_later_does_not(tmp_path: Path) -> None:
    write_log(
        tmp_path / "views" / "a.parquet", user=[1, 2], item=[1, 1], at=[day(1), day(1.0 + 1e-6 / 86400)]
    )
    assert _ids(Graph.build(schema(tmp_path), day(1)), "user") == [1]


@pytest.mark.parametrize(
    ("duplicates", "weight", "expected"),
    [
        ("keep", "stars", [(1, 5, 3.0), (1, 5, 1.0), (1, 5, 2.0), (2, 5, 1.0)]),
        ("sum", "stars", [(1, 5, 6.0), (2, 5, 1.0)]),
        ("sum", None, [(1, 5, 3.0), (2, 5, 1.0)]),
        ("last", "stars", [(1, 5, 2.0), (2, 5, 1.0)]),
        ("last", None, [(1, 5), (2, 5)]),
    ],
)
def test_duplicates(tmp_path: Path, duplicates: str, weight: str | None, expected: list[Any]) -> None:
    write_log(
        tmp_path / "views" / "a.parquet",
        user=[1, 1, 1, 2],
        item=[5, 5, 5, 5],
        at=[day(2), day(1), day(2), day(1)],
        stars=[2.0, 3.0, 1.0, 1.0],
    )
    graph = Graph.build(schema(tmp_path, {"duplicates": duplicates, "weight": weight}), day(9))
    assert _edges(graph) == expected
    report = graph.report.relations["viewed"]
    assert (report.repeated, report.merged, report.kept) == (
        2,
        0 if duplicates == "keep" else 2,
        len(expected),
    )
    time = graph.relation().forward.time
    assert time is not None
    assert time[-2] == int(day(2).timestamp() * 1e6)


def test_new_ids_come_after_the_parents(tmp_path: Path) -> None:
    write_log(
        tmp_path / "views" / "a.parquet",
        user=[5, 9, 1, 7],
        item=["b", "z", "a", "b"],
        at=[day(1), day(1), day(2), day(2)],
    )
    plan = schema(tmp_path, item={"id": "string"})
    parent = Graph.build(plan, day(1))
    child = Graph.build(plan, day(2), parent=parent)
    assert _ids(parent, "user") == [5, 9]
    assert _ids(child, "user") == [5, 9, 1, 7]
    assert _ids(child, "item") == ["b", "z", "a"]
    assert child.report.nodes["item"].model_dump() == {"nodes": 3, "new": 1}
    with pytest.raises(GraphError, match="later than"):
        Graph.build(plan, day(1), parent=child)
    with pytest.raises(GraphError, match="item ids are string in the parent and int64 in the schema"):
        Graph.build(schema(tmp_path), day(2), parent=parent)


def test_an_empty_relation_is_named_with_its_earliest_time(tmp_path: Path) -> None:
    write_log(tmp_path / "views" / "a.parquet", user=[1], item=[1], at=[day(5)])
    with pytest.raises(
        GraphError, match=r"'viewed' has no edges as of 2026-01-02.*earliest time is 2026-01-06"
    ):
        Graph.build(schema(tmp_path), day(1))
    graph = Graph.build(schema(tmp_path, {"allow_empty": True}), day(1))
    assert graph.relation().forward.edges == 0
    assert _ids(graph, "user") == []


@pytest.mark.parametrize("as_of", ["2026-01-02", "2026-01-02T00:00:00", "soon", DAY_0.replace(tzinfo=None)])
def test_as_of_needs_a_zone(tmp_path: Path, as_of: Any) -> None:
    with pytest.raises(GraphError, match=r"2026-01-02T00:00:00Z|2026-11-01T00:00:00Z"):
        Graph.build(schema(tmp_path), as_of)


def test_as_of_may_be_text_in_any_zone(tmp_path: Path) -> None:
    write_log(tmp_path / "views" / "a.parquet", user=[1, 2], item=[1, 1], at=[day(0), day(1)])
    assert Graph.build(schema(tmp_path), "2026-01-02T00:00:00Z").relation().forward.edges == 2
    graph = Graph.build(schema(tmp_path), "2026-01-02T00:59:59+01:00")
    assert graph.relation().forward.edges == 1
    assert graph.as_of.utcoffset() == DAY_0.utcoffset()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"timestamp": "when"}, r"no column 'when'\n.*\['user', 'item', 'at', 'bad'\]"),
        ({"src": {"type": "user", "column": "User"}}, "no column 'User'"),
        ({"weight": "wight"}, "no column 'wight'"),
        ({"weight": "at"}, "weight 'at' is TIMESTAMP"),
        ({"weight": "bad"}, "1 weights in 'bad' are null"),
        ({"parquet": "nothing/*.parquet"}, "no file matches"),
        ({"parquet": "views"}, "no file matches"),
        ({"filter": "nonsense = 1"}, "nonsense"),
        ({"filter": "true); DROP TABLE x; SELECT (1"}, "one SELECT"),
        ({"parquet": None, "sql": "DROP TABLE x"}, "one SELECT"),
        ({"parquet": None, "sql": "SELECT 1; SELECT 2"}, "one SELECT"),
        ({"parquet": None, "sql": "SELECT $other AS user"}, "only \\$as_of"),
        ({"parquet": None, "sql": "SELECT * FROM nowhere"}, "nowhere"),
        ({"unit": "s"}, "unit is for integers"),
        ({"timezone": "UTC"}, "remove timezone"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    write_log(tmp_path / "views" / "a.parquet", user=[1, 2], item=[1, 1], at=[day(0)] * 2, bad=[1.0, None])
    with pytest.raises(GraphError, match=message):
        Graph.build(schema(tmp_path, change), day(1))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e39, None])
def test_an_unfit_weight_is_refused_unless_it_is_the_futures(tmp_path: Path, bad: float | None) -> None:
    write_log(tmp_path / "views" / "a.parquet", user=[1, 1], item=[1, 2], at=[day(0), day(2)], w=[1.0, bad])
    plan = schema(tmp_path, {"weight": "w"})
    assert _edges(Graph.build(plan, day(1))) == [(1, 1, 1.0)]
    with pytest.raises(GraphError, match="1 weights in 'w'"):
        Graph.build(plan, day(2))


@pytest.mark.parametrize(
    ("ids", "id_type", "message"),
    [
        (pa.array([1.0, 2.0]), "int64", "'user' is DOUBLE, and its node type says int64"),
        (pa.array(["1", "2"]), "int64", "'user' is VARCHAR, and its node type says int64"),
        (pa.array([1, 2]), "string", "'user' is BIGINT, and its node type says string"),
        (pa.array([1, 2**63], pa.uint64()), "int64", "1 ids are beyond int64"),
    ],
)
def test_ids_are_what_the_node_type_says(tmp_path: Path, ids: pa.Array, id_type: str, message: str) -> None:
    write_log(tmp_path / "views" / "a.parquet", user=ids, item=[1, 1], at=[day(0)] * 2)
    with pytest.raises(GraphError, match=message):
        Graph.build(schema(tmp_path, user={"id": id_type}), day(1))


@pytest.mark.parametrize("kind", [pa.uint64(), pa.int8(), pa.uint32()])
def test_integers_that_fit_are_int64(tmp_path: Path, kind: pa.DataType) -> None:
    write_log(tmp_path / "views" / "a.parquet", user=pa.array([3, 1], kind), item=[1, 1], at=[day(0)] * 2)
    assert _ids(Graph.build(schema(tmp_path), day(1)), "user") == [1, 3]


US = 1_767_225_600_000_000  # DAY_0


@pytest.mark.parametrize(
    ("column", "change", "expected"),
    [
        (pa.array([US], pa.timestamp("us", tz="Asia/Tokyo")), {}, US),
        (pa.array([US * 1000 + 1], pa.timestamp("ns", tz="UTC")), {}, US + 1),
        (pa.array([US], pa.timestamp("us")), {"timezone": "UTC"}, US),
        (pa.array([US], pa.timestamp("us")), {"timezone": "Europe/Berlin"}, US - 3_600_000_000),
        (pa.array([US // 1000], pa.timestamp("ms")), {"timezone": "UTC"}, US),
        (pa.array([US * 1000 + 1], pa.timestamp("ns")), {"timezone": "UTC"}, US + 1),
        (pa.array([US // 10**6 // 86400], pa.date32()), {"timezone": "UTC"}, US + 86_400_000_000 - 1),
        (pa.array([US // 10**6]), {"unit": "s"}, US),
        (pa.array([US // 1000]), {"unit": "ms"}, US),
        (pa.array([US]), {"unit": "us"}, US),
        (pa.array([-5], pa.int32()), {"unit": "s", "plausible_years": [1969, 2026]}, -5_000_000),
    ],
)
def test_timestamps(tmp_path: Path, column: pa.Array, change: dict[str, str], expected: int) -> None:
    write_log(tmp_path / "views" / "a.parquet", user=[1], item=[1], at=column)
    graph = Graph.build(schema(tmp_path, change), day(30))
    time = graph.relation().forward.time
    assert time is not None
    assert time.tolist() == [expected]


@pytest.mark.parametrize(
    ("column", "change", "message"),
    [
        (pa.array([US], pa.timestamp("us")), {}, "it has no zone: say timezone"),
        (pa.array([US], pa.timestamp("us")), {"timezone": "Mars/Base"}, "Mars/Base"),
        (pa.array([20454], pa.date32()), {}, "it has no zone: say timezone"),
        (pa.array([US]), {}, "say unit"),
        (pa.array([US]), {"timezone": "UTC"}, "say unit"),
        (pa.array([2**62]), {"unit": "s"}, "no integer that fits"),
        (pa.array([1e9]), {}, "is DOUBLE"),
        (pa.array(["2026-01-01"]), {}, "is VARCHAR"),
    ],
)
def test_an_unclear_timestamp_is_refused(
    tmp_path: Path, column: pa.Array, change: dict[str, str], message: str
) -> None:
    write_log(tmp_path / "views" / "a.parquet", user=[1], item=[1], at=column)
    with pytest.raises(GraphError, match=message):
        Graph.build(schema(tmp_path, change), day(30))


def test_a_date_is_known_when_its_day_is_over(tmp_path: Path) -> None:
    write_log(
        tmp_path / "views" / "a.parquet", user=[1], item=[1], at=pa.array([US // 10**6 // 86400], pa.date32())
    )
    plan = schema(tmp_path, {"timezone": "UTC"})
    with pytest.raises(GraphError, match="no edges"):
        Graph.build(plan, day(0.99))
    assert Graph.build(plan, day(1)).relation().forward.edges == 1


def test_csv_ids_keep_the_type_of_the_schema(tmp_path: Path) -> None:
    """What looks like a number stays text where the node type says so: leading zeros are part of an id."""
    (tmp_path / "a.csv").write_text("item,user,at\n007,1,2026-01-01T00:00:00Z\n7,2,2026-01-01T00:00:00Z\n")
    change = {"parquet": None, "csv": "*.csv"}
    graph = Graph.build(schema(tmp_path, change, item={"id": "string"}), day(1))
    assert _edges(graph) == [(1, "007"), (2, "7")]
    with pytest.raises(GraphError, match=r"a\.csv, line 2: 1 ids .*no integers: .*'item': '007'"):
        Graph.build(schema(tmp_path, change), day(1))


def test_files_are_matched_by_column_name_and_filtered(tmp_path: Path) -> None:
    write_log(
        tmp_path / "views" / "x" / "a.parquet", user=[1, 2], item=[10, 10], at=[day(0)] * 2, ok=[True, False]
    )
    write_log(tmp_path / "views" / "y" / "b.parquet", ok=[True], at=[day(0)], item=[20], user=[3])
    graph = Graph.build(
        schema(tmp_path, {"parquet": "views/**/*.parquet", "filter": "ok -- as told"}), day(1)
    )
    assert _edges(graph) == [(1, 10), (3, 20)]
    assert graph.report.relations["viewed"].read == 2


def test_sql_may_use_as_of_and_relative_paths(tmp_path: Path) -> None:
    write_log(tmp_path / "views" / "a.parquet", user=[1, 1, 1], item=[5, 5, 6], at=[day(0), day(3), day(1)])
    counted = """
        SELECT user, item, count(*) AS times, max("at") AS "at" FROM read_parquet('views/*.parquet')
        WHERE "at" <= $as_of GROUP BY ALL;
    """
    plan = schema(tmp_path, {"parquet": None, "sql": counted, "weight": "times"})
    assert _edges(Graph.build(plan, day(1))) == [(1, 5, 1.0), (1, 6, 1.0)]
    assert _edges(Graph.build(plan, day(3))) == [(1, 5, 2.0), (1, 6, 1.0)]


def test_the_as_of_filter_comes_after_an_aggregate_that_forgets_it(tmp_path: Path) -> None:
    """What the schema's text warns of: the pair disappears, it is not counted as of then."""
    write_log(tmp_path / "views" / "a.parquet", user=[1, 1, 1], item=[5, 5, 6], at=[day(0), day(3), day(1)])
    forgetful = """SELECT user, item, max("at") AS "at" FROM read_parquet('views/*.parquet') GROUP BY ALL"""
    assert _edges(Graph.build(schema(tmp_path, {"parquet": None, "sql": forgetful}), day(1))) == [(1, 6)]


def test_a_source_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    random = "SELECT range AS user, range AS item FROM range(100000) WHERE random() < .5"
    with pytest.raises(GraphError, match="rows were counted and"):
        Graph.build(schema(tmp_path, {"parquet": None, "sql": random, "timestamp": None}), day(1))


def test_names_are_only_names(tmp_path: Path) -> None:
    """Columns and types called like keywords, like the build's own names, or with quotes in them."""
    write_log(
        tmp_path / "views" / "a.parquet",
        **{"select": ["a'b", "c"], 'x" y': [2, 1], "time": [day(1), day(2)], "known": [1.0, 2.0]},
    )
    change = {
        "src": {"type": "group", "column": "select"},
        "dst": {"type": "order-by.x", "column": 'x" y'},
        "timestamp": "time",
        "weight": "known",
    }
    plan = schema(tmp_path, change, **{"group": {"id": "string"}, "order-by.x": {"id": "int64"}})
    assert _edges(Graph.build(plan, day(9))) == [("a'b", 2, 1.0), ("c", 1, 2.0)]


def test_one_node_type_may_be_both_ends(tmp_path: Path) -> None:
    write_log(tmp_path / "views" / "a.parquet", user=[3, 1], item=[1, 2], at=[day(0)] * 2)
    graph = Graph.build(schema(tmp_path, {"dst": {"type": "user", "column": "item"}}), day(1))
    assert _ids(graph, "user") == [1, 2, 3]
    assert _edges(graph) == [(1, 2), (3, 1)]
    assert _ids(graph, "item") == []


def test_settings_of_duckdb_are_checked(tmp_path: Path) -> None:
    write_log(tmp_path / "views" / "a.parquet", user=[3, 1], item=[1, 2], at=[day(0)] * 2)
    assert (
        Graph.build(schema(tmp_path), day(1), memory_limit="200MB", threads=1).relation().forward.edges == 2
    )
    with pytest.raises(ConfigError, match="lots"):
        Graph.build(schema(tmp_path), day(1), memory_limit="lots")


def test_features_without_a_time_describe_nodes_with_edges_only(tmp_path: Path) -> None:
    write_log(tmp_path / "views" / "a.parquet", user=[1, 2], item=[10, 20], at=[day(0)] * 2)
    write_log(tmp_path / "users.parquet", id=[3, 2, None], age=[30, 20, 99], time=["x", "y", "z"])
    features = {"parquet": "users.parquet", "id": "id", "columns": ["time", "age"]}
    plan = schema(tmp_path, user={"id": "int64", "features": features})
    graph = Graph.build(plan, day(1))
    assert _ids(graph, "user") == [1, 2]
    assert graph.features["user"].to_pydict() == {"time": [None, "y"], "age": [None, 20]}
    report = graph.report.features["user"]
    assert (report.read, report.null_ids, report.unknown, report.kept) == (3, 1, 1, 1)
    write_log(tmp_path / "users.parquet", id=[2, 2], age=[30, 20], time=["x", "y"])
    with pytest.raises(GraphError, match="features of 'user': id 2 stands there 2 times"):
        Graph.build(plan, day(1))


def test_features_with_a_time_add_nodes_and_hold_the_newest_row(tmp_path: Path) -> None:
    write_log(tmp_path / "views" / "a.parquet", user=[1], item=[10], at=[day(0)])
    write_log(
        tmp_path / "items.parquet",
        item=[10, 10, 10, 30, 40],
        price=[1.0, 2.0, 3.0, 4.0, 5.0],
        listed=[day(0), day(1), day(3), day(1), day(3)],
    )
    features = {"parquet": "items.parquet", "id": "item", "columns": ["price"], "timestamp": "listed"}
    plan = schema(tmp_path, item={"id": "int64", "features": features})
    graph = Graph.build(plan, day(2))
    assert _ids(graph, "item") == [10, 30]
    assert graph.features["item"].to_pydict() == {"price": [2.0, 4.0]}
    report = graph.report.features["item"]
    assert (report.read, report.later, report.older, report.kept) == (5, 2, 1, 2)
    assert graph.relation().reverse.degrees.tolist() == [1, 0]
    assert Graph.build(plan, day(3)).fingerprint != graph.fingerprint


def test_the_fingerprint_is_the_datas_not_the_orders(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    user, item, stars = rng.integers(0, 9, (3, 400))
    times = [day(float(t)) for t in rng.integers(0, 3, 400)]
    order = rng.permutation(400)
    plan = schema(tmp_path, {"weight": "stars"})
    write_log(tmp_path / "views" / "a.parquet", user=user, item=item, at=times, stars=stars)
    first = Graph.build(plan, day(9))
    shuffled = [times[i] for i in order]
    write_log(
        tmp_path / "views" / "a.parquet", user=user[order], item=item[order], at=shuffled, stars=stars[order]
    )
    assert Graph.build(plan, day(10)).fingerprint == first.fingerprint
    for column, value in (("user", user), ("stars", stars)):
        changed = {"user": user, "item": item, "stars": stars, column: np.append(value[:-1], value[-1] + 1)}
        write_log(tmp_path / "views" / "a.parquet", at=times, **changed)
        assert Graph.build(plan, day(9)).fingerprint != first.fingerprint
    write_log(tmp_path / "views" / "a.parquet", user=user, item=item, at=[*times[:-1], day(5)], stars=stars)
    assert Graph.build(plan, day(9)).fingerprint != first.fingerprint


def test_arrays_are_held_to_the_same_contract() -> None:
    edges = {("user", "viewed", "item"): (np.array([1]), np.array([2]), np.array([US], np.int64))}
    assert len(Graph.from_arrays(day(0), edges).fingerprint) == 64
    with pytest.raises(LeakError, match="'viewed' has an edge at 2026-01-01"):
        Graph.from_arrays(day(-1), edges)
    with pytest.raises(GraphError, match="no zone"):
        Graph.from_arrays(DAY_0.replace(tzinfo=None), edges)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (np.array([1.0, np.nan]), "ids of type double"),
        (np.array([True, False]), "ids of type bool"),
        (np.array(["a", None], object), "1 null ids"),
        (np.array([1, "a"], object), "ids do not fit"),
        (np.array([2**63, 1], np.uint64), "ids do not fit"),
    ],
)
def test_ids_of_arrays_that_fit_no_vocabulary_are_named(ids: Any, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        Graph.from_arrays(DAY_0, {("user", "saw", "item"): (ids, np.arange(2))})
    with pytest.raises(GraphError, match="ids of one node type are"):
        Graph.from_arrays(DAY_0, {("user", "knows", "user"): (np.arange(2), np.array(["a", "b"]))})


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (np.array([US, US + 1]), [US, US + 1]),
        (np.array([US * 1000 + 1, US * 1000], "datetime64[ns]"), [US + 1, US]),
        (np.array([US // 10**6] * 2, "datetime64[s]"), [US, US]),
        (np.array([US, US], np.float64), "are float64"),
        (np.array([US, "NaT"], "datetime64[us]"), "NaT"),
    ],
)
def test_times_of_arrays(times: Any, expected: Any) -> None:
    edges = {("user", "saw", "item"): (np.arange(2), np.arange(2), times)}
    if isinstance(expected, str):
        with pytest.raises(GraphError, match=expected):
            Graph.from_arrays(day(1), edges)
    else:
        time = Graph.from_arrays(day(1), edges).relation().forward.time
        assert time is not None
        assert time.tolist() == expected
