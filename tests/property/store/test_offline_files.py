"""The same rows, split, ordered and encoded in any way, are one join; and none is seen early."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from feast.types import Array, Float64
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.store.test_offline_store import assert_equal
from tests.store.offline_world import T0, ask, ask_stock, open_store, view

SECOND = 1_000_000
START = int(T0.timestamp()) * SECOND
DAY = 86_400 * SECOND
ZONES = (None, "UTC", "Asia/Tokyo", "America/New_York")
KINDS = (
    *("us", "ms", "s", "ns", "int", "float", "text", "text zone"),
    *("date", "text date", "ns finer", "text finer"),  # seen later than what they say
)
DAYS = timedelta(days=9)


def times_of(micros: Sequence[int], kind: str, zone: str | None) -> pa.Array:
    """Microseconds as a column of some kind; of the later kinds, what they say is a moment before."""
    if kind in ("us", "ms", "s", "ns"):
        scale = {"s": SECOND, "ms": 1000, "us": 1}.get(kind, 0)
        values = [m // scale if scale else m * 1000 for m in micros]
        return pa.array(values, pa.int64()).cast(pa.timestamp(kind, zone))
    if kind == "int":
        return pa.array([m // SECOND for m in micros])
    if kind == "float":
        return pa.array([m / SECOND for m in micros])
    if kind == "ns finer":
        return pa.array([m * 1000 - 1 for m in micros], pa.int64()).cast(pa.timestamp("ns", zone))
    moments = [datetime.fromtimestamp(m // SECOND, UTC) for m in micros]
    if kind == "date":
        return pa.array([m.date() for m in moments])
    if kind == "text date":
        return pa.array([m.date().isoformat() for m in moments])
    if kind == "text finer":
        before = [m - timedelta(seconds=1) for m in moments]
        return pa.array([f"{m:%Y-%m-%d %H:%M:%S}.999999001" for m in before])
    if kind == "text zone":
        return pa.array([f"{m + timedelta(hours=9):%Y-%m-%dT%H:%M:%S}+09:00" for m in moments])
    return pa.array([f"{m:%Y-%m-%d %H:%M:%S}" for m in moments])


KEYS = (pa.int8(), pa.int32(), pa.int64(), pa.uint16(), pa.uint64(), pa.float32(), pa.float64())
VALUES = (pa.int8(), pa.int64(), pa.uint32(), pa.float32(), pa.float64())


moments = st.builds(lambda day, second: day * DAY + second * SECOND, st.integers(0, 2), st.integers(0, 3))
rows_of = st.lists(
    st.tuples(st.integers(0, 3), moments, st.one_of(st.none(), st.integers(0, 99))), min_size=1, max_size=8
)


def seen_from(micros: int, kind: str) -> int:
    """The moment from which an event of a kind is seen: of a day, its last microsecond."""
    return micros // DAY * DAY + DAY - 1 if kind.endswith("date") else micros


def encoded(
    rows: Sequence[tuple], kind: str, zone: str | None, key: pa.DataType, value: pa.DataType
) -> pa.Table:
    numbers = [r[2] for r in rows]
    lists = pa.array([[] if n is None else [n] for n in numbers], pa.list_(pa.float64()))
    return pa.table(
        {
            "user_id": pa.array([r[0] for r in rows], pa.int64()).cast(key),
            "at": times_of([START + r[1] for r in rows], kind, zone),
            "x": pa.nulls(len(rows))
            if set(numbers) == {None}
            else pa.array(numbers, pa.float64()).cast(value),
            "list": lists.cast(pa.list_(value)),
        }
    )


@st.composite
def sources(draw) -> tuple[list[pa.Table], pa.Table]:
    """Files of types of their own, their columns in any order, and one file of what they mean."""
    tables, plain = [], {}
    for rows in draw(st.lists(rows_of, min_size=1, max_size=4)):
        kind = draw(st.sampled_from(KINDS))
        unique = {(r[0], seen_from(r[1], kind)): r for r in rows}
        fresh = {place: row for place, row in unique.items() if place not in plain}
        if not fresh:
            continue
        plain |= {place: row[2] for place, row in fresh.items()}
        choices = [draw(st.sampled_from(of)) for of in (ZONES, KEYS, VALUES)]
        table = encoded(list(fresh.values()), kind, *choices)
        tables.append(table.select(draw(st.permutations(table.column_names))))
    meant = [(user, moment, value) for (user, moment), value in plain.items()]
    return tables, encoded(meant, "us", "UTC", pa.int64(), pa.float64())


frames = st.lists(st.tuples(st.integers(0, 4), moments), min_size=1, max_size=8).map(
    lambda rows: pd.DataFrame(
        {
            "row": range(len(rows)),
            "user_id": [r[0] for r in rows],
            "event_timestamp": [T0 + timedelta(microseconds=r[1]) for r in rows],
        }
    )
)


@settings(max_examples=60, deadline=None)
@given(source=sources(), frame=frames)
def test_any_files_are_the_join_of_what_they_mean(source, frame):
    """Any order of the files: what stock Feast joins from one file of microseconds UTC, and materializes."""
    tables, meant = source
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for name, written in (("any", tables), ("meant", [meant])):
            (root / name).mkdir()
            for number, table in enumerate(written):
                pq.write_table(table, root / name / f"{number}.parquet")
        features = {"x": Float64, "list": Array(Float64)}
        views = [view(n, ["user"], root / n / "*.parquet", features, "at") for n in ("any", "meant")]
        store = open_store(root, views)
        found = ask(store, frame, ["any:x", "any:list"], full=False)
        assert_equal(found, ask_stock(store, frame, ["meant:x", "meant:list"], full=False))
        pulled = [
            store._get_provider()
            .offline_store.pull_latest_from_table_or_query(
                store.config, made.batch_source, ["user_id"], ["x", "list"], "at", None, T0, T0 + DAYS
            )
            .to_arrow()
            .sort_by("user_id")
            for made in views
        ]
        for name in ("user_id", "at", "x", "list"):
            assert pulled[0][name].to_pylist() == pulled[1][name].to_pylist(), name
