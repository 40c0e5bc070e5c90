"""The same rows, written in any dialect, type, unit, zone, order and number of files: one graph, one log."""

import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.graph import Graph
from embedding_features.graph.schema import GraphSchema
from ranking.task import labels
from ranking.task.labels import load_labels
from ranking.task.task import Task
from tests.written_logs import (
    CSV_STYLES,
    CSV_TIMES,
    PARQUET_TIMES,
    SECOND,
    CsvStyle,
    Row,
    moment,
    write_csv,
    write_parquet,
)

START = 1_767_225_600 * SECOND  # 2026-01-01
COLUMNS = ("user", "item", "at", "stars", "note")
#: ids that a reader which guesses types changes, joins or cuts
ITEMS = [
    "7",
    "007",
    "7.0",
    "1e3",
    "0x1F",
    "1_000",
    "nan",
    "true",
    "2026-01-01",
    "a b",
    " a",
    "日本",
    "A",
    "a",
]
AWKWARD = ['a"b', "a,b", "a;b", "a'b", "line\nbreak", "tab\tbed"]

users = st.one_of(st.integers(0, 5), st.sampled_from([-(2**63), 2**53 + 1, 2**63 - 1]))
times = st.integers(0, 40 * 86_400 * SECOND).map(lambda us: START + us)


def rows_of(items: list[str]) -> st.SearchStrategy[list[Row]]:
    row = st.tuples(users, st.sampled_from(items), times, st.sampled_from([0.5, 1.0, -2.0, 4.25]))
    return st.lists(row, min_size=1, max_size=25, unique_by=lambda r: r[:2])


def pieces(draw: st.DrawFn, rows: list[Row]) -> list[list[Row]]:
    """The rows in any order, cut into one to four files."""
    shuffled = draw(st.permutations(rows))
    cuts = sorted(draw(st.lists(st.integers(0, len(rows)), max_size=3)))
    return [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]


@st.composite
def written(draw: st.DrawFn) -> tuple[list[Row], dict[str, Any], Any]:
    """Rows, what a source says of them, and a function that writes them into a folder."""
    if draw(st.booleans()):
        return _as_csv(draw)
    return _as_parquet(draw)


def _as_csv(draw: st.DrawFn) -> tuple[list[Row], dict[str, Any], Any]:
    style: CsvStyle = CSV_STYLES[draw(st.sampled_from(sorted(CSV_STYLES)))]
    time = CSV_TIMES[draw(st.sampled_from(sorted(CSV_TIMES)))]
    items = ITEMS + (AWKWARD if style.dialect.get("quote", '"') else [])
    rows = [(u, i, at - at % time.step, w) for u, i, at, w in draw(rows_of(items))]
    files = pieces(draw, rows)
    orders = [draw(st.permutations(COLUMNS)) for _ in files]

    def write(folder: Path) -> None:
        for number, (piece, order) in enumerate(zip(files, orders, strict=True)):
            write_csv(folder / f"{number}.csv", piece, style, time, order)

    return rows, {"csv": "*.csv", "dialect": style.dialect, **time.says}, write


def _as_parquet(draw: st.DrawFn) -> tuple[list[Row], dict[str, Any], Any]:
    """Files of one log may differ in their types where the same is said of all of them."""
    first = PARQUET_TIMES[draw(st.sampled_from(sorted(PARQUET_TIMES)))]
    alike = [style for style in PARQUET_TIMES.values() if style.says == first.says]
    rows = draw(rows_of(ITEMS + AWKWARD))
    step = max(style.step for style in alike)
    rows = [(u, i, at - at % step, w) for u, i, at, w in rows]
    files = pieces(draw, rows)
    styles = [draw(st.sampled_from(alike)) for _ in files]
    orders = [draw(st.permutations(COLUMNS)) for _ in files]
    numbers = [draw(st.sampled_from([pa.float32(), pa.float64(), pa.decimal128(6, 2)])) for _ in files]

    def write(folder: Path) -> None:
        for number, piece in enumerate(files):
            small = all(0 <= user < 100 for user, *_ in piece)
            user = pa.int8() if small and number % 2 else pa.int64()
            path = folder / f"{number}.parquet"
            write_parquet(path, piece, styles[number], orders[number], user, numbers[number])

    return rows, {"parquet": "*.parquet", **first.says}, write


def edges(graph: Graph) -> set[tuple[Any, ...]]:
    forward = graph.relation().forward
    assert forward.time is not None
    assert forward.weight is not None
    user = graph.vocabularies["user"].decode(forward.sources()).to_pylist()
    item = graph.vocabularies["item"].decode(forward.indices).to_pylist()
    return set(zip(user, item, forward.time.tolist(), forward.weight.tolist(), strict=True))


@settings(max_examples=150, deadline=None)
@given(log=written(), days=st.integers(0, 41))
def test_rows_make_one_graph_however_they_are_written(log: Any, days: int) -> None:
    rows, says, write = log
    as_of = START + days * 86_400 * SECOND
    with tempfile.TemporaryDirectory() as name:
        write(Path(name))
        relation = {
            "src": {"type": "user", "column": "user"},
            "dst": {"type": "item", "column": "item"},
            "timestamp": "at",
            "weight": "stars",
            "allow_empty": True,
            **says,
        }
        schema = GraphSchema.model_validate(
            {
                "nodes": {"user": {"id": "int64"}, "item": {"id": "string"}},
                "relations": {"rated": relation},
                "folder": name,
            }
        )
        graph = Graph.build(schema, moment(as_of), threads=1)
    assert edges(graph) == {row for row in rows if row[2] <= as_of}
    report = graph.report.files["relation 'rated'"]
    assert sum(f.read for f in report.values()) == len(rows)
    assert sum(f.later for f in report.values()) == sum(row[2] > as_of for row in rows)


@settings(max_examples=100, deadline=None)
@given(log=written())
def test_rows_make_one_set_of_labels_however_they_are_written(log: Any) -> None:
    rows, says, write = log
    late = START + 50 * 86_400 * SECOND
    with tempfile.TemporaryDirectory() as name:
        write(Path(name))
        source = {**says, "timestamp": "at"}
        pattern = "csv" if "csv" in source else "parquet"
        source[pattern] = str(Path(name) / source[pattern])
        task = Task.model_validate(
            {
                "log": source,
                "label": {"column": "stars", "at_least": 1},
                "user": {"node_type": "user", "column": "user", "id": "int64"},
                "item": {"node_type": "item", "column": "item"},
                "split": {"validation": moment(late), "test": moment(late + SECOND)},
            }
        )
        got = read_events(task)
    assert got == sorted((at, user, item, stars >= 1) for user, item, at, stars in rows)


def read_events(task: Task) -> list[tuple[Any, ...]]:
    """What :func:`load_labels` reads before it asks for both classes in each part."""
    found: list[pa.Table] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labels, "_check_split", found.append)
        load_labels(task)
    (table,) = found
    columns = [table["timestamp"].cast(pa.int64()), table["user_id"], table["item_id"], table["label"]]
    return sorted(zip(*(column.to_pylist() for column in columns), strict=True))
