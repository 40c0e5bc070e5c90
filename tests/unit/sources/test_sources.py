"""Files found, dialects, filters and NaN: what a source's reader takes, and what it refuses by name."""

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedding_features.errors import ConfigError, DataError, GraphError
from embedding_features.graph import Graph
from embedding_features.sources.files import find_files
from embedding_features.sources.moment import from_microseconds
from embedding_features.sources.source import Source
from embedding_features.sources.sql import Subject
from ranking.dataset.side_tables import side_table
from ranking.task.task import Task, as_source
from tests.unit.graph.graph_logs import day, schema, write_log


def _touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")


def _found(root: Path, pattern: str) -> list[str]:
    return [os.path.relpath(path, root) for path in find_files(pattern, root, Subject("log"))]


OTHERS = (
    "logs/_temporary/0/b.parquet",
    "logs/.hidden.parquet",
    "logs/_SUCCESS",
    "logs/_delta_log/0.parquet",
    "logs/.c.parquet.inprogress.1",
    "logs/2026/_committed_1.parquet",
    "logs/d.parquet.tmp",
    "logs/d.parquet._COPYING_",
    "logs/d.parquet.crc",
)


@pytest.mark.parametrize(
    "pattern", ["logs/**/*.parquet", "logs/**", "logs/**/*", "**/*.parquet", "l*/**/*.p*t"]
)
def test_what_others_hide_or_have_not_finished_is_no_file_of_ours(tmp_path: Path, pattern: str) -> None:
    _touch(tmp_path, "logs/a.parquet", "logs/2026/b.parquet", "logs/day=_1/c.parquet", *OTHERS)
    meant = ["logs/2026/b.parquet", "logs/a.parquet", "logs/day=_1/c.parquet"]
    assert sorted(_found(tmp_path, pattern)) == meant


@pytest.mark.parametrize(
    ("pattern", "file"),
    [
        ("logs/_temporary/0/*.parquet", "logs/_temporary/0/b.parquet"),
        ("logs/_delta_log/*", "logs/_delta_log/0.parquet"),
        ("logs/.hid*", "logs/.hidden.parquet"),
        ("logs/*.tmp", "logs/d.parquet.tmp"),
        ("logs/.hidden.parquet", "logs/.hidden.parquet"),
    ],
)
def test_who_names_a_hidden_file_gets_it(tmp_path: Path, pattern: str, file: str) -> None:
    _touch(tmp_path, "logs/a.parquet", *OTHERS)
    assert _found(tmp_path, pattern) == [file]


def test_a_file_of_two_names_is_read_once_and_loops_end(tmp_path: Path) -> None:
    _touch(tmp_path, "logs/a.parquet", "elsewhere/b.parquet")
    for name, target in (("again", "logs"), ("more", "logs"), ("big", "elsewhere")):
        (tmp_path / "logs" / name).symlink_to(tmp_path / target)
    (tmp_path / "logs" / "latest.parquet").symlink_to("a.parquet")
    assert _found(tmp_path, "logs/**/*.parquet") == ["logs/a.parquet", "logs/big/b.parquet"]
    assert _found(tmp_path, "logs/*/*.parquet") == ["logs/again/a.parquet", "logs/big/b.parquet"]
    assert _found(tmp_path, str(tmp_path / "logs" / "*.parquet")) == ["logs/a.parquet"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("logs/*.csv", "no file matches .*logs/[*]csv|no file matches"),
        ("logs/*.parquet", "gone.parquet is a broken link"),
        ("tables/*.parquet", "orders.parquet is a folder"),
        ("logs", "no file matches"),
    ],
)
def test_files_that_cannot_be_had_are_named(tmp_path: Path, pattern: str, message: str) -> None:
    _touch(tmp_path, "logs/a.parquet", "tables/orders.parquet/part-0.parquet")
    (tmp_path / "logs" / "gone.parquet").symlink_to("nowhere.parquet")
    with pytest.raises(DataError, match=message):
        _found(tmp_path, pattern)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"parquet": "a", "csv": "b"}, "exactly one"),
        ({"parquet": "a", "dialect": {"delimiter": ";"}}, "dialect and format are for csv"),
        ({"parquet": "a", "timestamp": "at", "format": "%Y-%m-%d"}, "dialect and format are for csv"),
        ({"csv": "a", "format": "%Y-%m-%d"}, "there is none"),
        ({"csv": "a", "timestamp": "at", "format": "%H:%M"}, "no year, month and day"),
        ({"csv": "a", "timestamp": "at", "format": "%m/%Y"}, "no year, month and day"),
        ({"csv": "a", "timestamp": "at", "format": "%d/%m/%Y %I:%M"}, "without %p"),
        ({"csv": "a", "timestamp": "at", "unit": "s", "timezone": "UTC"}, "unit is for integers"),
        ({"csv": "a", "dialect": {"delimiter": ""}}, "at least 1 character"),
        ({"csv": "a", "dialect": {"quote": ","}}, "is in the delimiter"),
        ({"csv": "a", "dialect": {"columns": ["a", "a"]}}, "name one twice"),
        ({"csv": "a", "dialect": {"types": {"a": "float"}}}, "'int64', 'double' or 'boolean'"),
        ({"csv": "a", "plausible_years": [2100, 1990]}, "no first and last year"),
        ({"csv": "a", "max_dropped": 2}, "less than or equal to 1"),
    ],
)
def test_a_source_that_contradicts_itself(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Source.model_validate(settings)


def test_a_path_says_its_format() -> None:
    assert as_source(Path("a.csv")).csv == "a.csv"
    assert as_source(Path("logs/*.csv.gz")).csv == "logs/*.csv.gz"
    assert as_source(Path("logs/*.parquet")).parquet == "logs/*.parquet"


def _graph(folder: Path, **relation: Any) -> Graph:
    return Graph.build(schema(folder, {"parquet": "*.parquet", **relation}, item={"id": "string"}), day(9))


def _users(graph: Graph) -> list[int]:
    return list(graph.vocabularies["user"].ids.to_pylist())


@pytest.mark.parametrize("filter_", ["w >= 3", "w > 3 OR w = 3", "NOT w < 3", "w <> 1"])
@pytest.mark.parametrize("rows_a_group", [1, 100])
def test_nan_passes_no_filter_whoever_wrote_the_file(tmp_path: Path, filter_: str, rows_a_group: int) -> None:
    """Row groups and their statistics change how engines prune; the answer stays."""
    numbers = [float("nan"), 5.0, 1.0, float("nan"), 3.0, None]
    table = pa.table({"user": range(6), "item": ["a"] * 6, "at": [day(1)] * 6, "w": numbers})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=rows_a_group)
    graph = _graph(tmp_path, filter=filter_)
    assert _users(graph) == [1, 4]
    report = graph.report.files["relation 'viewed'"]["a.parquet"]
    assert (report.read, report.filtered, report.unclear, report.known) == (6, 4, 3, 2)
    sql = f"FROM '{tmp_path}/a.parquet'"
    assert _users(_graph(tmp_path, parquet=None, sql=sql, filter=filter_)) == [1, 4]


def _csv(folder: Path, text: str, **relation: Any) -> Graph:
    (folder / "a.csv").write_text(text)
    return _graph(folder, parquet=None, csv="*.csv", **relation)


LOG = "user,item,at,w,ok\n1,a,2026-01-01T00:00:00Z,4.6,true\n2,b,2026-01-01T00:00:00Z,3.5,false\n"


def test_a_csv_filter_sees_text_or_what_is_declared(tmp_path: Path) -> None:
    assert _users(_csv(tmp_path, LOG, filter="item = 'b'")) == [2]
    declared = {"types": {"w": "double", "ok": "boolean"}}
    assert _users(_csv(tmp_path, LOG, filter="w >= 4 AND ok", dialect=declared)) == [1]
    assert _users(_csv(tmp_path, LOG, filter="w IN (3.5)", dialect=declared)) == [2]
    for filter_ in ("w >= 4", "w IN (4, 5)", "w NOT IN (4)", "w = 4", "w BETWEEN 4 AND 5", "4 <= w"):
        with pytest.raises(GraphError, match=r"text|VARCHAR"):
            _csv(tmp_path, LOG, filter=filter_)
    with pytest.raises(GraphError, match=r"a\.csv, line 2: 'w' is '4\.6', not what dialect: types declares"):
        _csv(tmp_path, LOG, dialect={"types": {"w": "int64"}})
    bad = LOG.replace("3.5", "3,5x")
    with pytest.raises(GraphError, match=r"line 3: .*Found: 6"):
        _csv(tmp_path, bad, filter="w >= 4", dialect=declared)
    with pytest.raises(GraphError, match=r"a\.csv, line 3: 'w' is 'few', not what dialect: types declares"):
        _csv(tmp_path, LOG.replace("3.5", "few"), filter="w >= 4", dialect=declared)
    late = LOG.replace("3.5", "few").replace("2,b,2026", "2,b,2027")
    assert _users(_csv(tmp_path, late, filter="w >= 4", dialect=declared)) == [1]
    with pytest.raises(GraphError, match=r"no column 'weight' of dialect: types"):
        _csv(tmp_path, LOG, dialect={"types": {"weight": "int64"}})


@pytest.mark.parametrize("filter_", ["sum(w) > 1", "row_number() OVER () = 1", "w", "no = 1", "w > $now"])
def test_a_filter_is_a_condition_on_a_row(tmp_path: Path, filter_: str) -> None:
    write_log(tmp_path / "a.parquet", user=[1], item=["a"], at=[day(1)], w=["x"])
    with pytest.raises(GraphError, match="relation 'viewed'"):
        _graph(tmp_path, filter=filter_)


def test_a_filters_column_means_the_same_in_every_file(tmp_path: Path) -> None:
    write_log(tmp_path / "a.parquet", user=[1], item=["a"], at=[day(1)], w=pa.array([3], pa.int32()))
    write_log(tmp_path / "b.parquet", user=[2], item=["a"], at=[day(1)], w=pa.array([3.5]))
    assert _users(_graph(tmp_path, filter="w > 3")) == [2]
    write_log(tmp_path / "b.parquet", user=[2], item=["a"], at=[day(1)], w=["3.5"])
    with pytest.raises(GraphError, match=r"'w' is INTEGER in .*a\.parquet and VARCHAR in .*b\.parquet"):
        _graph(tmp_path, filter="w = '3.5'")
    write_log(tmp_path / "b.parquet", user=[2], item=["a"], at=[day(1)])
    with pytest.raises(GraphError, match="w"):
        _graph(tmp_path, filter="w > 3")


DECIMAL = pa.array([Decimal("2.5")])


@pytest.mark.parametrize(
    ("first", "second", "values"),
    [
        (pa.array([1], pa.int8()), pa.array([2**40]), [1, 2**40]),
        (pa.array([1], pa.int32()), pa.array([2.5]), [1.0, 2.5]),
        (pa.array([1.5], pa.float32()), pa.array([float("nan")]), [1.5, None]),
        (pa.nulls(1), pa.array(["x"]), [None, "x"]),
        (pa.array(["x"]), pa.array(["y"], pa.large_string()), ["x", "y"]),
        (pa.array([1], pa.uint64()), pa.array([-1]), [1, -1]),
        (pa.array([[]], pa.list_(pa.null())), pa.array([[9]]), [[], [9]]),
        (pa.array([[1]], pa.list_(pa.int8())), pa.array([[2**40]]), [[1], [2**40]]),
        (DECIMAL.cast(pa.decimal128(9, 2)), DECIMAL.cast(pa.decimal128(20, 4)), [Decimal("2.5")] * 2),
        (pa.array([["a"]]), pa.array([[1]]), None),
        (pa.array([2**53 + 1]), pa.array([2.5]), None),
        (pa.array(["7"]), pa.array([7]), None),
        (pa.array([True]), pa.array([1]), None),
    ],
)
def test_features_of_several_files_keep_their_values(
    tmp_path: Path, first: pa.Array, second: pa.Array, values: list[Any] | None
) -> None:
    write_log(tmp_path / "log.parquet", user=[1, 1], item=["a", "b"], at=[day(1)] * 2)
    write_log(tmp_path / "items" / "1.parquet", id=["a"], x=first)
    write_log(tmp_path / "items" / "2.parquet", id=["b"], x=second)
    features = {"parquet": "items/*.parquet", "id": "id", "columns": ["x"]}
    plan = schema(tmp_path, {"parquet": "log.parquet"}, item={"id": "string", "features": features})
    if values is None:
        with pytest.raises(GraphError, match=r"'x' is .* in .*1\.parquet and .* in .*2\.parquet"):
            Graph.build(plan, day(9))
    else:
        assert Graph.build(plan, day(9)).features["item"]["x"].to_pylist() == values


@pytest.mark.parametrize(
    ("unit", "at", "as_read"),
    [("ms", 1_767_225_600, "1970"), ("us", 1_767_225_600_000, "1970"), ("s", 1_767_225_600_000, "beyond|57")],
)
@pytest.mark.parametrize("pattern", ["csv", "parquet"])
def test_a_wrong_unit_is_told(tmp_path: Path, unit: str, at: int, as_read: str, pattern: str) -> None:
    if pattern == "parquet":
        write_log(tmp_path / "a.parquet", user=[1], item=["a"], at=pa.array([at]))
    else:
        (tmp_path / "a.csv").write_text(f"user,item,at\n1,a,{at}\n")
    says = {"parquet": None, "csv": None, pattern: f"*.{pattern}", "unit": unit}
    with pytest.raises(GraphError, match=f"not of the years 1990 to 2100: {at} is ({as_read})"):
        _graph(tmp_path, **says)
    if unit != "s":
        early = _graph(tmp_path, **says, plausible_years=[1970, 2100])
        assert early.relation().forward.edges == 1


def _side(folder: Path, table: dict[str, Any], **names: Any) -> pa.Table:
    spec = {"path": folder / "side.csv", "key": "id", **table}
    item = {"node_type": "item", "column": "item_id", "id": "int64", "table": spec, **names}
    task = Task.model_validate({"log": "x", "label": {"column": "y", "at_least": 1}, "item": item})
    found = side_table(task, "item")
    assert found is not None
    return found


def test_a_side_table_in_csv(tmp_path: Path) -> None:
    (tmp_path / "side.csv").write_text("id,price,brand,key\n1,2.50,007,a\n2,,x,b\n")
    found = _side(tmp_path, {"continuous": ["price"], "categorical": ["brand", "key"]})
    assert found.to_pydict() == {
        "item_id": [1, 2], "item_price": [2.5, None], "item_brand": ["007", "x"], "item_key": ["a", "b"],
    }  # fmt: skip
    with pytest.raises(DataError, match=r"side\.csv, line 2: 1 numbers in 'brand' are .*: x|line 3"):
        _side(tmp_path, {"continuous": ["brand"]})
    with pytest.raises(DataError, match="'price' is no column of lists"):
        _side(tmp_path, {"multivalued": ["price"]})
    with pytest.raises(ConfigError, match="memory limit"):
        Graph.build(schema(tmp_path), day(1), memory_limit="many")


@pytest.mark.parametrize("column", ["user", "item", "at", "w"])
def test_a_file_of_nothing_but_null_is_read_as_null(tmp_path: Path, column: str) -> None:
    good = {"user": pa.array([7]), "item": pa.array(["a"]), "at": [day(1)], "w": pa.array([2.0])}
    write_log(tmp_path / "a.parquet", **good)
    write_log(tmp_path / "b.parquet", **good | {column: pa.nulls(1)})
    if column == "w":
        with pytest.raises(GraphError, match=r"b\.parquet: 1 weights in 'w' are null"):
            _graph(tmp_path, weight="w")
        return
    graph = _graph(tmp_path, weight="w")
    report = graph.report.files["relation 'viewed'"]
    assert (report["a.parquet"].known, report["b.parquet"].dropped) == (1, 1)


@pytest.mark.parametrize("pattern", ["csv", "parquet"])
def test_folders_give_the_columns_that_files_lack(tmp_path: Path, pattern: str) -> None:
    """As text, by the rules of text; and never in the place of a column of the file."""
    for user, name in enumerate(["shop=007/at=2026-01-02", "shop=a%2Fb/at=2026-01-03", "shop=7/user=9"]):
        folder = tmp_path / "logs" / name
        folder.mkdir(parents=True)
        columns = {"user": [user], **({"at": ["2026-01-04"]} if "user=" in name else {})}
        if pattern == "csv":
            lines = [",".join(columns), ",".join(str(values[0]) for values in columns.values())]
            (folder / "0.csv").write_text("\n".join(lines) + "\n")
        else:
            days = {"at": pa.array(columns["at"]).cast(pa.date32())} if "at" in columns else {}
            pq.write_table(pa.table({**columns, **days}), folder / "0.parquet")
    says = {"parquet": None, "csv": None, pattern: f"logs/**/*.{pattern}", "timezone": "UTC"}
    graph = _graph(tmp_path, **says, dst={"type": "item", "column": "shop"})
    relation = graph.relation()
    assert _users(graph) == [0, 1, 2]
    items = graph.vocabularies["item"].decode(relation.forward.indices).to_pylist()
    assert items == ["007", "a/b", "7"]
    assert relation.forward.time is not None
    times = [moment.isoformat() for moment in map(from_microseconds, relation.forward.time.tolist())]
    assert [time[:10] for time in times] == ["2026-01-02", "2026-01-03", "2026-01-04"]
    assert {time[10:] for time in times} == {"T23:59:59.999999+00:00"}
    with pytest.raises(GraphError, match="'shop': '007'"):
        Graph.build(schema(tmp_path, {**says, "dst": {"type": "item", "column": "shop"}}), day(9))
