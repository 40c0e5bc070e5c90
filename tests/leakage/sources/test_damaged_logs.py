"""A log that is damaged makes an error or an exact count, never a smaller graph without a word."""

import gzip
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.errors import DataError, GraphError
from embedding_features.graph import Graph
from ranking.task.labels import load_labels
from ranking.task.task import Task
from tests.unit.graph.graph_logs import MOMENT, day, schema, write_log

AS_OF = day(60)
ROWS = 12


def _csv(first: int) -> str:
    lines = [
        f"{first + i},i{i % 3},2026-01-{1 + i:02d}T10:00:00Z,{i % 2 + 0.5},note {i}" for i in range(ROWS)
    ]
    return "user,item,at,w,note\n" + "\n".join(lines) + "\n"


def _build(folder: Path, **relation: Any) -> Graph:
    says = {"parquet": None, "csv": "*.csv", "weight": "w", **relation}
    return Graph.build(schema(folder, says, item={"id": "string"}), AS_OF)


def _task(folder: Path, pattern: str, **source: Any) -> Task:
    return Task.model_validate(
        {
            "log": {pattern: str(folder / f"*.{pattern}"), "timestamp": "at", **source},
            "label": {"column": "w", "at_least": 1},
            "user": {"node_type": "user", "column": "user", "id": "int64"},
            "item": {"node_type": "item", "column": "item"},
        }
    )


@settings(max_examples=300, deadline=None)
@given(
    at=st.integers(0, len(_csv(100).encode()) - 1),
    byte=st.one_of(st.sampled_from(list(b',;"\n\r\t \x00\xff0Z-:.')), st.integers(0, 255)),
)
def test_one_damaged_byte_loses_no_row_in_silence(at: int, byte: int) -> None:
    """A digit for a digit nobody can see; but every row is still there, or counted as dropped, or named."""
    data = bytearray(_csv(100).encode())
    data[at] = byte
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a.csv").write_text(_csv(0))
        (folder / "b.csv").write_bytes(bytes(data))
        (folder / "c.csv").write_text(_csv(200))
        try:
            graph = _build(folder)
        except GraphError as error:
            named = "b.csv" in str(error)
        else:
            named = _all_there(graph)
    assert named


def _all_there(graph: Graph) -> bool:
    """Whether each file's rows are in the graph or counted as dropped, the latter only in the damaged one."""
    report, files = graph.report.relations["viewed"], graph.report.files["relation 'viewed'"]
    return (
        report.kept + report.null_ids + report.null_times + report.later == report.read == 3 * ROWS
        and {n: f.read for n, f in files.items()} == dict.fromkeys(("a.csv", "b.csv", "c.csv"), ROWS)
        and sum(f.dropped + f.later for n, f in files.items() if n != "b.csv") == 0
    )


LINES: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "a comma too many": (lambda x: [*x[:5], x[5] + ",more", *x[6:]], "line 6.*Found: 6"),
    "a field too few": (lambda x: [*x[:5], x[5].rsplit(",", 1)[0], *x[6:]], "line 6.*Found: 4"),
    "a footer": (lambda x: [*x, "Total: 12 rows"], "line 14.*Found: 1"),
    "a line cut short": (lambda x: [*x[:-1], x[-1][:9]], "line 13.*Found: 3"),
    "half of a quoted field": (lambda x: [*x[:-1], x[-1].replace("note", '"note')], "unterminated quote"),
    "the header again": (lambda x: [*x, *x], "line 14: the header stands again"),
    "a wider header half way": (
        lambda x: [*x, x[0] + ",title", "1,i,,1,n,t"],
        "Found: 6",
    ),
    "no header": (lambda x: x[1:], r"no column 'user' in .*b\.csv"),
    "a column renamed": (lambda x: [x[0].replace("user", "uid"), *x[1:]], r"no column 'user' in .*b\.csv"),
    "a column twice": (lambda x: [x[0].replace("note", "User"), *x[1:]], "names the column 'user' twice"),
    "a column without a name": (lambda x: [x[0].replace("note", ""), *x[1:]], "a column without a name"),
    "an empty first line": (lambda x: ["", *x], "does not begin with a header"),
    "nothing": (lambda x: x[:0], "does not begin with a header"),
    "an id with decimals": (lambda x: [*x[:3], "1.5" + x[3][3:], *x[4:]], "line 4.*'user': '1.5'"),
    "an id in words": (lambda x: [*x[:3], "x" + x[3][3:], *x[4:]], "line 4.*'user': 'x'"),
    "a weight in words": (lambda x: [*x[:3], x[3].replace("0.5", "few"), *x[4:]], "line 4.*: few"),
    "a weight of NaN": (lambda x: [*x[:3], x[3].replace("0.5", "nan"), *x[4:]], "line 4: 1 weights.*: nan"),
    "no weight": (lambda x: [*x[:3], x[3].replace("0.5", ""), *x[4:]], "line 4: 1 weights"),
    "a time of another order": (
        lambda x: [*x[:3], x[3].replace("2026-01-03T", "03/01/2026 "), *x[4:]],
        "line 4: timestamp 'at' is '03/01/2026 10:00:00Z', no moment of ISO 8601",
    ),
    "a time without its zone": (
        lambda x: [*x[:3], x[3].replace("00Z", "00"), *x[4:]],
        "line 4: timestamp 'at' is '2026-01-03T10:00:00', without a zone",
    ),
    "an offset that is none": (
        lambda x: [*x[:3], x[3].replace("00Z", "00+26:00"), *x[4:]],
        "line 4: .*26:00",
    ),
    "a day that is none": (lambda x: [*x[:3], x[3].replace("01-03", "02-30"), *x[4:]], "line 4: .*02-30"),
    "a year of two digits": (lambda x: [*x[:3], x[3].replace("2026", "26"), *x[4:]], "line 4: .*'26-01"),
    "the first day of all": (
        lambda x: [*x[:3], x[3].replace("2026", "1970"), *x[4:]],
        "line 4: 1 timestamps",
    ),
}


@pytest.mark.parametrize("damage", LINES)
def test_a_damaged_line_is_named(tmp_path: Path, damage: str) -> None:
    change, message = LINES[damage]
    (tmp_path / "a.csv").write_text(_csv(0))
    (tmp_path / "b.csv").write_text("".join(f"{line}\n" for line in change(_csv(100).splitlines())))
    with pytest.raises(GraphError, match=f"(?s)b.csv.*{message}|{message}") as caught:
        _build(tmp_path)
    assert "b.csv" in str(caught.value)
    with pytest.raises(DataError, match=r"b\.csv" if "weight" not in damage else "weight|label|null"):
        load_labels(_task(tmp_path, "csv"))


def test_dropped_rows_are_counted_file_by_file_and_too_many_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(_csv(0))
    lines = _csv(100).splitlines()
    (tmp_path / "b.csv").write_text(
        "\n".join([lines[0], *(f",{line.split(',', 1)[1]}" for line in lines[1:])])
    )
    graph = _build(tmp_path)
    files = graph.report.files["relation 'viewed'"]
    assert (files["a.csv"].dropped, files["b.csv"].null_ids, files["b.csv"].known) == (0, ROWS, 0)
    assert graph.relation().forward.edges == ROWS
    with pytest.raises(GraphError, match=r"12 of 24 rows have no id.*max_dropped: 0.4; .* in .*b\.csv"):
        _build(tmp_path, max_dropped=0.4)
    (tmp_path / "a.csv").unlink()
    with pytest.raises(GraphError, match="12 of 12 rows have no id and 0 no timestamp"):
        _build(tmp_path)


BYTES: dict[str, tuple[Callable[[str], bytes], str]] = {
    "UTF-16": (lambda text: text.encode("utf-16"), "cannot be read as UTF-8"),
    "Latin-1 in the header": (lambda text: text.replace("note", "né").encode("latin-1"), "UTF-8"),
    "Latin-1 in a line": (lambda text: text.replace("i0", "é", 1).encode("latin-1"), "line 2: .*unicode"),
    "half of a gzip": (lambda text: gzip.compress(text.encode())[:40], r"b\.csv"),
    "line ends of two kinds": (
        lambda text: text.replace("\n", "\r\n", 4).encode(),
        "not RFC 4180|invalid state",
    ),
}


@pytest.mark.parametrize("damage", BYTES)
def test_a_file_that_is_not_text_is_named(tmp_path: Path, damage: str) -> None:
    change, message = BYTES[damage]
    (tmp_path / "a.csv").write_text(_csv(0))
    (tmp_path / "b.csv").write_bytes(change(_csv(100)))
    with pytest.raises(GraphError, match=message) as caught:
        _build(tmp_path)
    assert "b.csv" in str(caught.value)


def test_a_parquet_file_cut_short_is_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_log(tmp_path / f"{name}.parquet", user=[1], item=["a"], at=[day(1)], w=[1.0])
    (tmp_path / "b.parquet").write_bytes((tmp_path / "b.parquet").read_bytes()[:-20])
    with pytest.raises(GraphError, match=r"b\.parquet cannot be read"):
        _build(tmp_path, csv=None, parquet="*.parquet")


US = 1_767_225_600_000_000
SECOND_FILE: dict[str, tuple[dict[str, Any], str]] = {
    "text ids": ({"user": pa.array(["007"])}, r"'user' is VARCHAR in .*2\.parquet"),
    "ids with decimals": ({"user": pa.array([7.6])}, r"'user' is DOUBLE in .*2\.parquet"),
    "truth values as ids": ({"user": pa.array([True])}, r"'user' is BOOLEAN in .*2\.parquet"),
    "times without zone": ({"at": pa.array([US], pa.timestamp("us"))}, r"'at' is TIMESTAMP in .*2\.parquet"),
    "dates": ({"at": pa.array([date(2026, 1, 1)])}, r"'at' is DATE in .*2\.parquet"),
    "times as text": ({"at": pa.array(["2026-01-01T00:00:00Z"])}, r"'at' is VARCHAR in .*2\.parquet"),
    "times as numbers": ({"at": pa.array([US])}, r"'at' is BIGINT in .*2\.parquet"),
    "weights as text": ({"w": pa.array(["2"])}, r"'w' is VARCHAR in .*2\.parquet"),
    "a column less": ({"w": None}, r"no column 'w' in .*2\.parquet"),
}


@pytest.mark.parametrize("second", SECOND_FILE)
@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_first_file_decides_nothing(tmp_path: Path, second: str, order: tuple[int, int]) -> None:
    """Whichever comes first by name, the file that breaks the rule is the one that is named."""
    changed, message = SECOND_FILE[second]
    good = {
        "user": pa.array([7]),
        "item": pa.array(["a"]),
        "at": pa.array([US], MOMENT),
        "w": pa.array([1.0]),
    }
    bad = {name: array for name, array in {**good, **changed}.items() if array is not None}
    for columns, number in zip((good, bad), order, strict=True):
        pq.write_table(pa.table(columns), tmp_path / f"{number}.parquet")
    message = message.replace("2\\", f"{order[1]}\\")
    with pytest.raises(GraphError, match=message):
        _build(tmp_path, csv=None, parquet="*.parquet")
    said = {"text ids": "id", "ids with decimals": "id", "truth values as ids": "id"}
    task = _task(tmp_path, "parquet")
    if second in said:  # what the node type says a task need not say
        task = task.model_copy(update={"user": task.user.model_copy(update={"id": None})})
        message = r"'user' is .* in .*\d\.parquet"
    with pytest.raises(DataError, match=message.replace("weight", "label")):
        load_labels(task)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("pattern", ["csv", "parquet"])
def test_no_type_moves_an_event_to_an_earlier_moment(tmp_path: Path, zone: str, pattern: str) -> None:
    """A day, a microsecond and what is finer than one, in files of all orders: nothing is known too early."""
    when = pa.array([date(2026, 2, 4)])
    fine = pa.array([US * 1000 + 1], pa.timestamp("ns"))
    for number, at in enumerate([when, fine] if zone != "Asia/Tokyo" else [fine, when]):
        table = pa.table({"user": [number], "item": ["a"], "at": at, "w": [1.0]})
        if pattern == "parquet":
            pq.write_table(table, tmp_path / f"{number}.parquet")
        else:
            text = str(when[0]) if at is when else "2026-01-01 00:00:00.000000001"
            (tmp_path / f"{number}.csv").write_text(f"user,item,at,w\n{number},a,{text},1\n")
    says = {"csv": None, "parquet": "*.parquet"} if pattern == "parquet" else {}
    time = _times(_build(tmp_path, timezone=zone, **says))
    naive = pa.scalar(US + 1, pa.timestamp("us"))
    midnight = pa.scalar(date(2026, 2, 5)).cast(pa.timestamp("us"))
    expected = [_utc(naive, zone), _utc(midnight, zone) - 1]
    assert time == expected


def _utc(naive: pa.Scalar, zone: str) -> int:
    return int(pc.assume_timezone(naive, zone).value)


def _times(graph: Graph) -> list[int]:
    found = graph.relation().forward.time
    assert found is not None
    return sorted(found.tolist())
