"""A source of several files: none decides for another how keys, times and features are read."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast import FeatureView, Field, FileSource
from feast.data_format import ParquetFormat
from feast.types import Array, Float32, Float64, Int32, Int64, String, UnixTimestamp

from embedding_features.errors import DataError, StoreError
from tests.store.offline_world import ENTITIES, T0, ask, ask_stock, open_store, quiet, stamps, view

HOUR = timedelta(hours=1)
S0 = int(T0.timestamp())
TOKYO = "Asia/Tokyo"


def write(folder, *files, names=None):
    """Files of such columns, in the order of their names; those without a time are of T0."""
    folder.mkdir(exist_ok=True)
    for number, columns in enumerate(files):
        columns.setdefault("event_timestamp", stamps([0] * len(next(iter(columns.values())))))
        pq.write_table(pa.table(columns), folder / (names[number] if names else f"{number}.parquet"))
    return folder / "*.parquet"


def labels(keys, after=HOUR, name="user_id"):
    return pd.DataFrame({name: keys, "event_timestamp": [pd.Timestamp(T0) + after] * len(keys)})


def joined(tmp_path, files, dtype, keys):
    """What ours answers, in every order of the files."""
    found = []
    for order in permutations(files):
        root = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        root.mkdir()
        path = write(root / "d", *map(dict, order))
        store = open_store(root, [view("v", ["user"], path, {"x": dtype})])
        found.append(ask(store, labels(keys), ["v:x"])["v__x"].to_pylist())
    assert all(values == found[0] for values in found)
    return found[0]


U = pa.array
ONE, TWO = {"user_id": U([1])}, {"user_id": U([2])}
LISTS = Array(Float64)


@pytest.mark.parametrize(
    ("one", "two", "dtype", "wanted"),
    [
        (U([5]), U([2.5]), Float64, [5.0, 2.5]),
        (U([5], pa.int32()), U([2**40]), Int64, [5, 2**40]),
        (U([5], pa.uint8()), U([-7], pa.int16()), Int32, [5, -7]),
        (U([0.5], pa.float32()), U([0.1]), Float64, [0.5, 0.1]),
        (U([5]), U([None, 7.0])[1:], Int64, [5, 7]),
        (U([5]), U([float("nan")]), Int64, [5, None]),
        (pa.nulls(1), U([9]), Int64, [None, 9]),
        (pa.nulls(1), U(["a"]), String, [None, "a"]),
        (pa.nulls(1), U([True]), Int64, [None, True]),
        (U(["a"]).dictionary_encode(), U(["b"], pa.large_string()), String, ["a", "b"]),
        (U([[]], pa.list_(pa.null())), U([[9]]), Array(Int64), [[], [9]]),
        (U([[1, None]]), U([[2.5]]), LISTS, [[1.0, None], [2.5]]),
        (
            U([[1.0, 2.0]], pa.list_(pa.float32(), 2)),
            U([[3.0]], pa.list_(pa.float32())),
            LISTS,
            [[1, 2], [3]],
        ),
        (
            U([S0 * 10**9], pa.int64()).cast(pa.timestamp("ns", TOKYO)),
            U([S0], pa.int64()).cast(pa.timestamp("s")),
            UnixTimestamp,
            [T0, T0],
        ),
    ],
)
def test_features_are_what_the_view_declares(tmp_path, one, two, dtype, wanted):
    found = joined(tmp_path, [ONE | {"x": one}, TWO | {"x": two}], dtype, [1, 2])
    assert found == wanted
    assert [type(v) for v in found] == [type(v) for v in wanted]


@pytest.mark.parametrize(
    ("one", "two", "dtype", "message"),
    [
        (U([5]), U([2.5]), Int64, "is double and read as int64, which cannot hold its value 2.5"),
        (U([5]), U(["007"]), Int64, "x of .* is string, and it is read as int64"),
        (U([5]), U([True]), Int64, "is bool, and it is read as int64"),
        (U([5]), U(["a"]), String, "is int64, and it is read as string"),
        (U([5.0]), U([2**53 + 1]), Float64, "which cannot hold its value 9007199254740993"),
        (U([5.0]), U([2.0**53]), Int64, None),
        (U([5]), U([2.0**53]), Int64, "cannot hold its value 9007199254740992.0"),
        (U([5], pa.int32()), U([2**40]), Int32, "cannot hold its value 1099511627776"),
        (U([0.5], pa.float32()), U([0.1]), Float32, "is double and read as float, .* 0.1"),
        (U([0.5]), U([Decimal("0.1")]), Float64, "is decimal128"),
        (U([[1]]), U([[2.5]]), Array(Int64), r"cannot hold its value \[2.5\]"),
        (U([[1]]), U([1]), Array(Int64), "is int64, and it is read as list"),
        (U([date(2024, 1, 1)]), U([datetime(2024, 1, 1, 18)]), UnixTimestamp, "is date32"),
        (U([float("inf")]), U([1]), Int64, "cannot hold its value inf"),
    ],
)
def test_a_feature_that_would_be_changed_is_named(tmp_path, one, two, dtype, message):
    """With its file, its column and both types, in any order of the files."""
    files = [ONE | {"x": one}, TWO | {"x": two}]
    if message is None:  # all files agree, and what they have is given as it is
        assert joined(tmp_path, [files[0]], dtype, [1]) == one.to_pylist()
        return
    for number, order in enumerate((files, files[::-1])):
        root = tmp_path / str(number)
        root.mkdir()
        store = open_store(root, [view("v", ["user"], write(root / "d", *map(dict, order)), {"x": dtype})])
        with pytest.raises(DataError, match=rf"(?s)column x of .*/d/\d.parquet.*|{message}") as error:
            ask(store, labels([1, 2]), ["v:x"])
        assert pd.Series([str(error.value)]).str.contains(message).all()
        assert "fix:" in str(error.value)


@pytest.mark.parametrize(
    ("one", "two", "asked", "wanted"),
    [
        (U([1], pa.int32()), U([2**40]), [1, 2**40], [5, 7]),
        (U([1], pa.uint64()), U([2], pa.int8()), [1, 2], [5, 7]),
        (U([1]), U([2.0, None])[:1], [1, 2], [5, 7]),
        (U([1]), U([2.6]), [3], "cannot hold its value 2.6"),
        (U([1]), U([2.0**53]), [1], "cannot hold its value 9007199254740992.0"),
        (U([1]), U(["007"]), [7], "user_id of .* is string"),
        (U([1]), U([True]), [1], "user_id of .* is bool"),
        (U([1]), U([date(1970, 1, 3)]), [2], "user_id of .* is date32"),
        (U([1]), U([2**63], pa.uint64()), [1], "cannot hold its value 9223372036854775808"),
    ],
)
def test_keys_are_what_the_view_declares(tmp_path, one, two, asked, wanted):
    files = [{"user_id": one, "x": [5]}, {"user_id": two, "x": [7]}]
    if isinstance(wanted, list):
        assert joined(tmp_path, files, Int64, asked) == wanted
        return
    with pytest.raises(DataError, match=wanted):
        joined(tmp_path, files, Int64, asked)
    with pytest.raises(DataError, match=wanted):
        joined(tmp_path, files[::-1], Int64, asked)


def test_float_keys_in_all_files_are_integers_where_they_are_exact(tmp_path):
    """As pandas makes them beside a missing one; in stock Feast 2**53 is also 2**53 + 1."""
    good = {"user_id": U([1.0, float("nan"), None, 3.0]), "x": [5, 6, 7, 8]}
    assert joined(tmp_path, [good], Int64, [1, 2, 3]) == [5, None, 8]
    (tmp_path / "b").mkdir()
    with pytest.raises(DataError, match=r"cannot hold its value 9007199254740992\.0"):
        joined(tmp_path / "b", [{"user_id": U([2.0**53]), "x": [5]}], Int64, [2**53 + 1])


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ([1.0, float("nan"), 3.0], [5, None, 8]),
        (pd.array([1, None, 3], "Int64"), [5, None, 8]),
        (pd.array([1, 2, 3], "uint64"), [5, None, 8]),
        ([Decimal(1), Decimal(2), Decimal(3)], [5, None, 8]),
        ([None, None, None], [None] * 3),
        (pd.Categorical([1, 2, 3]), [5, None, 8]),
        ([1.5, 2.0, 3.0], "user_id is double and holds 1.5"),
        ([float(2**53), 1.0, 3.0], "holds 9007199254740992.0"),
        ([float("inf"), 1.0, 3.0], "holds inf"),
        (np.array([2.0**24, 1, 3], np.float32), "user_id is float and holds 16777216.0"),
        ([True, False, True], "user_id is bool, but view v has int64 keys"),
        (["1", "2", "3"], "user_id is string, but view v has int64 keys"),
        ([Decimal("1.5")] * 3, "no int64"),
        ([date(2024, 1, 1)] * 3, "user_id is date32"),
        ([1, "a", 3], "cannot be read"),
        ([[1], [2], [3]], "user_id is list"),
    ],
)
def test_keys_of_the_frame_fit_exactly_or_are_named(tmp_path, keys, wanted):
    path = write(tmp_path / "d", {"user_id": U([1, 3]), "x": [5, 8]})
    store = open_store(tmp_path, [view("v", ["user"], path, {"x": Int64})])
    if isinstance(wanted, list):
        assert ask(store, labels(keys), ["v:x"])["v__x"].to_pylist() == wanted
        return
    with pytest.raises(DataError, match=wanted):
        ask(store, labels(keys), ["v:x"])


def test_keys_of_text_and_bytes(tmp_path):
    ids = [UUID(int=7), UUID(int=9)]
    for number, (stored, asked) in enumerate(
        [
            (U(["a", "b"]), ["a", "b"]),
            (U(["a", "b"], pa.large_string()), pd.Categorical(["a", "b"])),
            (U(ids), ids),
            (U(ids), [str(i) for i in ids]),
            (U([str(i) for i in ids]), ids),
        ]
    ):
        path = write(tmp_path / str(number), {"item_id": stored, "x": [5, 8]})
        (tmp_path / f"r{number}").mkdir()
        store = open_store(tmp_path / f"r{number}", [view("v", ["item"], path, {"x": Int64})])
        assert ask(store, labels(asked, name="item_id"), ["v:x"])["v__x"].to_pylist() == [5, 8]
        with pytest.raises(DataError, match="item_id is int64"):
            ask(store, labels([5, 8], name="item_id"), ["v:x"])


def test_a_frame_that_only_speaks_arrow(tmp_path):
    """As polars frames do."""

    class Frame:
        def __init__(self, table):
            self.table = table

        def __arrow_c_stream__(self, requested_schema=None):
            return self.table.__arrow_c_stream__(requested_schema)

    path = write(tmp_path / "d", {"user_id": U([1, 3]), "x": [5, 8]})
    store = open_store(tmp_path, [view("v", ["user"], path, {"x": Int64})])
    table = pa.Table.from_pandas(labels([3, 1]))
    assert ask(store, Frame(table), ["v:x"])["v__x"].to_pylist() == [8, 5]


# times

DAY_END = datetime(2024, 1, 2, 23, 59, 59, 999999, UTC)
NOON = datetime(2024, 1, 2, 12, tzinfo=UTC)
N = int(NOON.timestamp())
US = timedelta(microseconds=1)


def at(value, unit, zone=None):
    return U([value], pa.int64()).cast(pa.timestamp(unit, zone))


TIMES = {
    "us": (at(N * 10**6, "us", "UTC"), NOON),
    "naive": (at(N * 10**6, "us"), NOON),
    "tokyo": (at(N * 10**3, "ms", TOKYO), NOON),
    "s": (at(N, "s"), NOON),
    "ns": (at(N * 10**9, "ns"), NOON),
    "ns utc": (at(N * 10**9, "ns", "UTC"), NOON),
    "ns finer": (at(N * 10**9 + 1, "ns"), NOON + US),
    "ns utc finer": (at(N * 10**9 + 999, "ns", TOKYO), NOON + US),
    "int": (U([N]), NOON),
    "int32": (U([N], pa.int32()), NOON),
    "uint64": (U([N], pa.uint64()), NOON),
    "float": (U([N + 0.5]), NOON + timedelta(seconds=0.5)),
    "decimal": (U([Decimal(N)]), NOON),
    "date": (U([NOON.date()]), DAY_END),
    "date64": (U([NOON.date()], pa.date64()), DAY_END),
    "text": (U(["2024-01-02T12:00:00Z"]), NOON),
    "text naive": (U(["2024-01-02 12:00"]), NOON),
    "text zone": (U(["2024-01-02 21:00:00.000000+09:00"]), NOON),
    "text finer": (U(["2024-01-02 12:00:00.000000001"]), NOON + US),
    "text date": (U(["2024-01-02"]), DAY_END),
    "categories": (U(["2024-01-02 12:00:00"]).dictionary_encode(), NOON),
}
OLD = {"user_id": [1], "x": [5]}
NEW = {"user_id": [1], "x": [7]}


def seen(store, moment, guard=False, ref="v:x"):
    frame = pa.table({"user_id": [1], "event_timestamp": U([moment], pa.timestamp("us", "UTC"))})
    return ask(store, frame, [ref], guard)[ref.replace(":", "__")][0].as_py()


@pytest.mark.parametrize("kind", TIMES)
def test_no_event_is_seen_before_it_was(tmp_path, kind):
    """Whatever the first file's times are, an event of any kind is seen from its moment on, not before."""
    times, moment = TIMES[kind]
    views = [view("alone", ["user"], write(tmp_path / "d", NEW | {"event_timestamp": times}), {"x": Int64})]
    for number, first in enumerate(("us", "naive", "ns utc", "date", "int", "text date")):
        past = {"user_id": [2], "x": [0], "event_timestamp": TIMES[first][0]}
        files = [past, NEW | {"event_timestamp": times}, OLD | {"event_timestamp": stamps([0])}]
        views.append(view(f"v{number}", ["user"], write(tmp_path / f"{number}", *files), {"x": Int64}))
    store = open_store(tmp_path, views)
    for made in views:
        found = [seen(store, when, ref=f"{made.name}:x") for when in (moment - US, moment)]
        assert found == [None if made.name == "alone" else 5, 7], made.name


@pytest.mark.parametrize("kind", TIMES)
def test_no_correction_is_seen_before_it_was_made(tmp_path, kind):
    times, moment = TIMES[kind]
    files = [
        OLD | {"event_timestamp": stamps([0]), "made": stamps([0])},
        NEW | {"event_timestamp": stamps([0]), "made": times},
    ]
    made = view("v", ["user"], write(tmp_path / "d", *files), {"x": Int64}, created="made")
    store = open_store(tmp_path, [made])
    assert (seen(store, moment - US, True), seen(store, moment, True)) == (5, 7)


@pytest.mark.parametrize("kind", TIMES)
def test_times_of_one_kind_are_those_of_feast(tmp_path, kind):
    """A microsecond and more after an event that has a clock, and after the day of one that has none."""
    times, moment = TIMES[kind]
    path = write(tmp_path / "d", NEW | {"event_timestamp": times})
    store = open_store(tmp_path, [view("v", ["user"], path, {"x": Int64})])
    for when in (moment + US, moment - timedelta(days=2)):
        frame = pd.DataFrame({"user_id": [1], "event_timestamp": [pd.Timestamp(when)]})
        assert ask(store, frame, ["v:x"])["v__x"] == ask_stock(store, frame, ["v:x"])["v__x"]


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (U([True]), "is bool, and it is read as a time"),
        (U([N * 1000]), "cannot hold its value 1704196800000"),
        (U([N * 10**6 * 1.0]), "cannot hold its value"),
        (U(["02/01/2024"]), "cannot hold its value '02/01/2024'"),
        (U(["2024-13-01"]), "'2024-13-01'"),
        (U(["2024-01-02 12:00 Europe/Berlin"]), "Europe/Berlin"),
        (U([""]), "cannot hold its value ''"),
        (U([[N]]), "is list"),
    ],
)
def test_what_is_no_time_is_named(tmp_path, times, message):
    path = write(tmp_path / "d", OLD, NEW | {"event_timestamp": times})
    store = open_store(tmp_path, [view("v", ["user"], path, {"x": Int64})])
    with pytest.raises(DataError, match=rf"column event_timestamp of .*1.parquet .*{message}"):
        ask(store, labels([1]), ["v:x"])


@pytest.mark.parametrize("text", ["02/01/2024", "1 Feb 2024"])
def test_a_label_whose_day_is_a_guess_is_named(tmp_path, text):
    """Moved later, it would see the future."""
    store = open_store(tmp_path, [view("v", ["user"], write(tmp_path / "d", dict(OLD)), {"x": Int64})])
    with pytest.raises(DataError, match="event_timestamp"):
        ask(store, pd.DataFrame({"user_id": [1], "event_timestamp": [text]}), ["v:x"])


# columns and files


def test_types_on_which_all_files_agree_are_those_of_feast(tmp_path):
    """Whatever the view declares."""
    values = {
        "integer": U([1, None], pa.int16()),
        "float": U([0.1, float("nan")]),
        "text": U(["é", None], pa.large_string()),
        "category": U(["a", "b"]).dictionary_encode(),
        "flag": U([True, None]),
        "money": U([Decimal("1.10"), None]),
        "day": U([date(2024, 1, 1), None]),
        "moment": U([datetime(2024, 1, 1, 5), None], pa.timestamp("us")),
        "bytes": U([b"\x00", None]),
        "lists": U([[1, None], None]),
        "record": U([{"a": 1}, None]),
    }
    files = [{"user_id": U([i]), **{n: v[i : i + 1] for n, v in values.items()}} for i in range(2)]
    path = write(tmp_path / "d", *files)
    store = open_store(tmp_path, [view("v", ["user"], path, dict.fromkeys(values, String))])
    refs = [f"v:{name}" for name in values]
    found = ask(store, labels([1, 0]), refs)
    wanted = ask_stock(store, labels([1, 0]), refs).sort_by([("user_id", "descending")])
    for name in (f"v__{name}" for name in values):
        assert str(found[name].to_pylist()) == str(wanted[name].to_pylist()), name


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"user_id": U([2])}, r"view v needs column x; .*1.parquet has \['user_id', 'event_timestamp'\]"),
        ({"user_id": U([2]), "X": U([5])}, "needs column x; .*1.parquet"),
        ({"USER": U([2]), "x": U([5])}, "needs column user_id; .*1.parquet"),
        ({"user_id": U([2]), "x": U([5]), "X": U([6])}, "1.parquet has several of that name"),
        ({"user_id": U([2]), "x": U([5]), "file_index": U([0])}, "1.parquet has a column file_index"),
    ],
)
def test_a_file_that_lacks_or_renames_a_column_is_named(tmp_path, second, message):
    for number, order in enumerate(permutations([(ONE | {"x": [5]}, "0.parquet"), (second, "1.parquet")])):
        root = tmp_path / str(number)
        root.mkdir()
        path = write(root / "d", *[dict(c) for c, _ in order], names=[n for _, n in order])
        store = open_store(root, [view("v", ["user"], path, {"x": Int64})])
        with pytest.raises(DataError, match=message):
            ask(store, labels([1]), ["v:x"])


def test_a_field_mapping_is_for_the_files_that_have_the_old_name(tmp_path):
    """As in Feast: a mapping of a column that is not there maps nothing; but files do not differ in it."""
    mapped = view("v", ["user"], write(tmp_path / "d", ONE | {"x": [5]}), {"x": Int64}, mapping={"old": "x"})
    store = open_store(tmp_path, [mapped])
    assert ask(store, labels([1]), ["v:x"])["v__x"] == ask_stock(store, labels([1]), ["v:x"])["v__x"]
    write(tmp_path / "d", ONE | {"x": [5]}, TWO | {"old": [6]})
    with pytest.raises(DataError, match=r"needs column old; .*0\.parquet"):
        ask(store, labels([1]), ["v:x"])


def test_columns_in_another_order_or_not_asked_for_do_not_matter(tmp_path):
    files = [ONE | {"x": [5], "y": ["a"]}, {"x": [7], "z": [1.5], "user_id": U([2])}]
    assert joined(tmp_path, files, Int64, [1, 2]) == [5, 7]


def test_files_without_rows_decide_nothing(tmp_path):
    empty = {"user_id": U([], pa.string()), "x": U([], pa.bool_()), "event_timestamp": U([], pa.date32())}
    assert joined(tmp_path, [empty, ONE | {"x": [5]}], Int64, [1, 2]) == [5, None]
    (tmp_path / "b").mkdir()
    assert joined(tmp_path / "b", [empty], Int64, [None]) == [None]


def test_folders_give_the_columns_that_the_files_lack(tmp_path):
    """As in Feast; a day is seen at its end, and 007 is text."""
    for day, user in (("2024-01-01", "1"), ("2024-01-02", "1"), ("2024-01-02", "3")):
        folder = tmp_path / "d" / f"day={day}" / f"shop=s{user}" / f"user_id={user}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"x": [int(user) * int(day[-2:])]}), folder / "a.parquet")
    glob = tmp_path / "d" / "**" / "*.parquet"
    store = open_store(tmp_path, [view("v", ["user"], glob, {"x": Int64, "shop": String}, "day")])
    assert (seen(store, DAY_END - US), seen(store, DAY_END)) == (1, 2)
    frame = labels([1, 3, 2], DAY_END + US - T0)
    stock = ask_stock(store, frame, ["v:x", "v:shop"]).sort_by("user_id")
    found = ask(store, frame, ["v:x", "v:shop"]).sort_by("user_id")
    assert [found[n].to_pylist() for n in ("v__x", "v__shop")] == [
        stock[n].to_pylist() for n in ("v__x", "v__shop")
    ]
    with quiet():
        store.materialize(T0, DAY_END)
        assert store.get_online_features(["v:x"], [{"user_id": 3}]).to_dict()["x"] == [6]
    three = tmp_path / "d" / "day=2024-01-02" / "shop=s3" / "user_id=3"
    three.rename(three.with_name("user_id=03"))
    with pytest.raises(DataError, match="user_id is int64, but view v has string keys"):
        ask(store, frame, ["v:x"])


def test_folders_named_after_a_column_do_not_stand_for_it(tmp_path):
    """The stock store takes the folder's day for the file's moment: a leak."""
    folder = tmp_path / "d" / "event_timestamp=2024-01-02"
    folder.mkdir(parents=True)
    write(folder, NEW | {"event_timestamp": TIMES["us"][0]})
    store = open_store(tmp_path, [view("v", ["user"], tmp_path / "d" / "*" / "*.parquet", {"x": Int64})])
    assert (seen(store, NOON - US), seen(store, NOON)) == (None, 7)


def of_folder(root, path, file_format=None):
    return FeatureView(
        name="v",
        entities=[ENTITIES["user"]],
        schema=[Field(name="user_id", dtype=Int64), Field(name="x", dtype=Int64)],
        source=FileSource(path=str(path), timestamp_field="event_timestamp", file_format=file_format),
    )


@pytest.mark.parametrize("name", ["dir", "dir.parquet", "dir[1]"])
def test_a_folder(tmp_path, name):
    """All Parquet below it, as in Feast; without a format it is Parquet only by its name."""
    write(tmp_path / name, ONE | {"x": [5]})
    write(tmp_path / name / "deeper", TWO | {"x": [7]})
    store = open_store(tmp_path, [of_folder(tmp_path, tmp_path / name, ParquetFormat())])
    found = ask(store, labels([1, 2]), ["v:x"])["v__x"].to_pylist()
    assert found == [5, 7]
    if name != "dir[1]":  # for stock a pattern
        stock = ask_stock(store, labels([1, 2]), ["v:x"]).sort_by("user_id")
        assert stock["v__x"].to_pylist() == found


def test_a_folder_without_a_format_is_named(tmp_path):
    write(tmp_path / "dir", ONE | {"x": [5]})
    store = open_store(tmp_path, [of_folder(tmp_path, tmp_path / "dir")])
    with pytest.raises(StoreError, match="file_format=ParquetFormat"):
        ask(store, labels([1]), ["v:x"])
    with quiet(), pytest.raises(StoreError, match="file_format=ParquetFormat"):
        store.materialize(T0 - HOUR, T0 + HOUR)


@pytest.mark.parametrize("pattern", ["", "**/*.parquet", "*/*.parquet"])
def test_hidden_and_unfinished_files_are_not_read(tmp_path, pattern):
    root = tmp_path / "d"
    root.mkdir()
    write(root / "day=1", ONE | {"x": [5]}, TWO | {"x": [7]}, names=["a.parquet", "_day=2.parquet"])
    for hidden in ("_temporary", ".spark", "day=1/.part.parquet", "day=1/_part.parquet"):
        folder, name = (root / hidden, "a.parquet") if "/" not in hidden else (root / "day=1", hidden[6:])
        write(folder, {"user_id": U([1]), "x": [99], "event_timestamp": stamps([1])}, names=[name])
    (root / "day=1" / "b.parquet.crc").write_bytes(b"crc")
    (root / "c.parquet").mkdir()
    store = open_store(tmp_path, [of_folder(tmp_path, root / pattern, ParquetFormat())])
    assert ask(store, labels([1, 2]), ["v:x"])["v__x"].to_pylist() == [5, 7]
    asked = open_store(tmp_path, [of_folder(tmp_path, root / "day=1" / "_part.parquet")])
    assert ask(asked, labels([1]), ["v:x"])["v__x"].to_pylist() == [99]
    asked = open_store(tmp_path, [of_folder(tmp_path, root / "day=1" / "_*.parquet")])
    assert ask(asked, labels([1]), ["v:x"])["v__x"].to_pylist() == [99]


def test_a_link_that_runs_in_a_circle(tmp_path):
    write(tmp_path / "d", ONE | {"x": [5]})
    (tmp_path / "d" / "again").symlink_to(tmp_path / "d")
    store = open_store(tmp_path, [of_folder(tmp_path, tmp_path / "d", ParquetFormat())])
    with quiet():
        job = store._get_provider().offline_store.pull_all_from_table_or_query(
            store.config, store.get_feature_view("v").batch_source, ["user_id"], ["x"], "event_timestamp"
        )
        assert job.to_df()["x"].tolist() == [5]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 not Parquet PAR1", b"x" * 99])
def test_a_damaged_file_among_others_is_named(tmp_path, content):
    path = write(tmp_path / "d", ONE | {"x": [5]}, TWO | {"x": [7]})
    (tmp_path / "d" / "1.parquet").write_bytes(content)
    store = open_store(tmp_path, [view("v", ["user"], path, {"x": Int64})])
    with pytest.raises(StoreError, match=r"1\.parquet"):
        ask(store, labels([1]), ["v:x"])
    with quiet(), pytest.raises(StoreError, match=r"1\.parquet"):
        store.materialize(T0 - HOUR, T0 + HOUR)


def test_a_byte_damaged_in_the_data_is_named(tmp_path):
    """Found where it is read, after the footers."""
    path = write(tmp_path / "d", ONE | {"x": [5]}, TWO | {"x": list(range(1))})
    file = tmp_path / "d" / "1.parquet"
    data = bytearray(file.read_bytes())
    data[4:40] = b"\xff" * 36
    file.write_bytes(bytes(data))
    store = open_store(tmp_path, [view("v", ["user"], path, {"x": Int64})])
    with pytest.raises(StoreError, match="join of view v failed"):
        ask(store, labels([1, 2]), ["v:x"])


# what is materialized


@pytest.mark.parametrize("latest", [True, False])
@pytest.mark.parametrize("order", [1, -1])
def test_materialized_from_files_of_several_types(tmp_path, latest, order):
    """No price is rounded, no clock lost, no key merged."""
    files = [
        {"user_id": U([1], pa.int32()), "x": U([5]), "event_timestamp": U([date(2024, 1, 1)])},
        {"user_id": U([2]), "x": U([2.5]), "event_timestamp": at(N * 10**9, "ns")},
        {"user_id": U([3.0]), "x": pa.nulls(1), "event_timestamp": U([N])},
    ][::order]
    store = open_store(
        tmp_path, [view("v", ["user"], write(tmp_path / "d", *files), {"x": Float64}, ttl=9999 * 24 * HOUR)]
    )
    store.config.materialization_config.pull_latest_features = latest
    asked = [{"user_id": i} for i in (1, 2, 3)]
    with quiet():
        store.materialize(T0, NOON - US)
        assert store.get_online_features(["v:x"], asked).to_dict()["x"] == [5.0, None, None]
        store.materialize(T0, NOON)
        assert store.get_online_features(["v:x"], asked).to_dict()["x"] == [5.0, 2.5, None]
    write(tmp_path / "d", {"user_id": U(["007"]), "x": U([5])}, names=["9.parquet"])
    with quiet(), pytest.raises(DataError, match="column user_id is"):
        store.materialize(T0, NOON)
