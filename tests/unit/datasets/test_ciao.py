"""Ciao from a prepared folder alone: tidy rows by hand, and a clear error for everything that is not it."""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from embedding_features.datasets import get_ciao, read_card
from embedding_features.errors import DataError
from embedding_features.progress import SILENT
from jobs.commands.data import get_dataset
from ranking.task.labels import load_labels
from ranking.task.task import LabelRule, Task

DAY = 86_400
#: user, product, category, rating, helpfulness, seconds: product 7 stands in two categories, and user 2 rated
#: product 5 three times on one day and again on the next
RATINGS = [
    (2, 5, 1, 3, 1, 10 * DAY),
    (2, 5, 1, 4, 6, 10 * DAY),
    (2, 5, 1, 4, 2, 10 * DAY),
    (2, 5, 1, 2, 2, 11 * DAY),
    (1, 7, 5, 5, 2, 12 * DAY),
    (2, 7, 1, 1, 2, 9 * DAY),
]
NAMES = ("user_id", "item_id", "category_id", "rating", "helpfulness", "timestamp")
#: by hand: (user, 10 · product + category, rating, days) by user, time, item
TIDY = [(1, 75, 5, 12), (2, 71, 1, 9), (2, 51, 4, 10), (2, 51, 2, 11)]


def sha256(rows: list[tuple[int, int, int, int]]) -> str:
    micros = [(user, item, rating, days * DAY * 1_000_000) for user, item, rating, days in rows]
    return hashlib.sha256(np.array(micros, "<i8").T.tobytes()).hexdigest()


RELEASE = sha256(TIDY)


def write(folder: Path, rows: list[tuple[int, ...]] = RATINGS) -> Path:
    """``ratings.parquet`` in the narrow types that a prepared copy has."""
    folder.mkdir(parents=True, exist_ok=True)
    types = (pa.int32(), pa.int32(), pa.int8(), pa.int8(), pa.int8(), pa.int32())
    columns = [pa.array(c, t) for c, t in zip(zip(*rows, strict=True), types, strict=True)]
    pq.write_table(pa.table(columns, names=list(NAMES)), folder / "ratings.parquet")
    return folder


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(tmp_path / "data"))
    return write(tmp_path / "data" / "ciao")


def test_rows_by_hand(tmp_path: Path, prepared: Path) -> None:
    out = get_ciao(tmp_path / "out", release=RELEASE)
    assert sorted(path.name for path in out.iterdir()) == [
        "dataset.json",
        "interactions.parquet",
        "items.parquet",
    ]
    interactions = pq.read_table(out / "interactions.parquet")
    assert interactions.schema.field("timestamp").type == pa.timestamp("us", tz="UTC")
    assert [str(interactions.schema.field(c).type) for c in ("user_id", "item_id", "rating")] == [
        "int64",
        "int64",
        "int8",
    ]
    assert [tuple(row.values()) for row in interactions.to_pylist()] == [
        (user, item, rating, f"category_{item % 10}", datetime(1970, 1, days + 1, tzinfo=UTC))
        for user, item, rating, days in TIDY
    ]
    items = pq.read_table(out / "items.parquet").to_pylist()
    assert items == [
        {"item_id": 51, "category": "category_1"},
        {"item_id": 71, "category": "category_1"},
        {"item_id": 75, "category": "category_5"},
    ]


def test_the_order_of_the_source_does_not_matter(tmp_path: Path, prepared: Path) -> None:
    out = get_ciao(tmp_path / "out", release=RELEASE)
    again = get_ciao(tmp_path / "again", write(tmp_path / "turned", RATINGS[::-1]), release=RELEASE)
    assert read_card(again).tables == read_card(out).tables
    assert read_card(again).source == "folder turned"


def test_the_card_says_where_from_and_on_what_terms(tmp_path: Path, prepared: Path) -> None:
    card = read_card(get_ciao(tmp_path / "out", release=RELEASE))
    assert card.source == "$EMBEDDING_FEATURES_DATA/ciao"
    assert "No licence is stated" in card.terms
    assert {stem: table.rows for stem, table in card.tables.items()} == {"interactions": 4, "items": 3}
    data = (prepared / "ratings.parquet").read_bytes()
    assert card.inputs == {"ratings.parquet": hashlib.sha256(data).hexdigest()}


def test_done_already_returns_without_a_source(tmp_path: Path, prepared: Path) -> None:
    out = get_ciao(tmp_path / "out", release=RELEASE)
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    (prepared / "ratings.parquet").unlink()
    assert get_ciao(out, release=RELEASE) == out
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == before
    pq.write_table(pa.table({"item_id": [1]}), out / "items.parquet")
    with pytest.raises(DataError, match=r"items\.parquet was altered"):
        get_ciao(out, release=RELEASE)


def test_nothing_is_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(tmp_path / "nothing"))
    for source in (None, tmp_path):
        with pytest.raises(DataError, match="nothing is downloaded") as raised:
            get_ciao(tmp_path / "out", source)
        for way in ("EMBEDDING_FEATURES_DATA", "--from"):
            assert way in raised.value.fix
    assert not (tmp_path / "out").exists()


BAD = [
    ([*RATINGS[:5], (2, 7, 1, 2, 2, 9 * DAY)], "4 interactions are not the release's"),
    ([*RATINGS[:5], (2, 7, 2, 1, 2, 9 * DAY)], "not the release's"),
    ([*RATINGS, (3, 7, 1, 100, 2, 9 * DAY)], "5 interactions are not the release's"),
    ([*RATINGS[:5], (2, 7, 1, 1, 2, None)], r"nulls in \['timestamp'\]"),
]


@pytest.mark.parametrize(("rows", "message"), BAD)
def test_other_rows_are_refused(tmp_path: Path, rows: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        get_ciao(tmp_path / "out", write(tmp_path / "bad", rows), release=RELEASE)
    assert not (tmp_path / "out").exists()


def test_other_tables_are_refused(tmp_path: Path, prepared: Path) -> None:
    ratings = pq.read_table(prepared / "ratings.parquet")
    path = prepared / "ratings.parquet"
    pq.write_table(ratings.drop_columns(["category_id"]), path)
    with pytest.raises(DataError, match=r"no column \['category_id'\]"):
        get_ciao(tmp_path / "out", release=RELEASE)
    times = pa.array(["ten"] * len(ratings))
    pq.write_table(ratings.set_column(5, "timestamp", times), path)
    with pytest.raises(DataError, match="cannot be read"):
        get_ciao(tmp_path / "out", release=RELEASE)
    path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match="cannot be read"):
        get_ciao(tmp_path / "out", release=RELEASE)


def test_by_name(tmp_path: Path, prepared: Path) -> None:
    """The name leads to Ciao's getter and its pin, which the made rows do not meet."""
    with pytest.raises(DataError, match="not the release's"):
        get_dataset("ciao", tmp_path / "out", None, SILENT)


def test_the_real_release(tmp_path: Path) -> None:
    """The figures of the data set's own README; three products stand in two categories."""
    root = Path(os.environ.get("EMBEDDING_FEATURES_DATA", "../shared/data"))
    if not (root / "ciao").is_dir():
        pytest.skip("no ciao under $EMBEDDING_FEATURES_DATA")
    out = get_ciao(tmp_path / "out")
    interactions = pq.read_table(out / "interactions.parquet")
    ratings = pq.read_table(root / "ciao" / "ratings.parquet")
    assert ratings.num_rows == 36_065
    assert pc.count_distinct(interactions["user_id"]).as_py() == 2_248
    assert pc.count_distinct(ratings["item_id"]).as_py() == 16_861
    assert read_card(out).tables["items"].rows == 16_861 + 3
    days = ratings.group_by(["user_id", "item_id", "category_id", "timestamp"]).aggregate([])
    assert interactions.num_rows == days.num_rows == 35_994
    assert pc.min_max(interactions["rating"]).as_py() == {"min": 1, "max": 5}
    # one label for each user, item and moment
    task = Task(log=out / "interactions.parquet", label=LabelRule(column="rating", at_least=5))
    assert len(load_labels(task)) == 35_994
