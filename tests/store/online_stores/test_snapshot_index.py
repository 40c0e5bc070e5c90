"""The files of a generation: ids are found and values gathered as by a dict, whatever hashes collide."""

import string
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.errors import DataError, StoreError
from embedding_features.store.online_stores.incoming import Incoming
from embedding_features.store.online_stores.layout import Layout
from embedding_features.store.online_stores.snapshot import generation, index
from embedding_features.store.online_stores.values import as_arrow
from tests.store.snapshot_world import T0

INTS = st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.text("ab", max_size=2)


def opened(folder, ids, created=None, **columns):
    """A generation of these rows."""
    times = pa.timestamp("us", tz="UTC")
    given = {"id": pa.array(ids, pa.int64() if isinstance(ids[0], int) else pa.string()), **columns}
    given |= {"t": pa.array([T0] * len(ids), times), "c": pa.array(created or [0] * len(ids)).cast(times)}
    rows = pa.table(given)
    layout = Layout("id", dict.fromkeys(columns), "t", "c", "view v")
    generation.write_generation(folder, Incoming(layout, rows.schema, rows.to_batches(max_chunksize=3)))
    return generation.Generation(folder)


def few_hashes(texts):
    return np.array([len(text) % 3 for text in texts], np.uint64)


def check_found(ids, asked):
    """Of rows with one id, which get later and later created times, the last is found."""
    with TemporaryDirectory() as folder:
        made = opened(Path(folder), ids, created=list(range(len(ids))))
        rows = {key: row for row, key in enumerate(ids)}
        asked = [*asked, *ids]
        array = np.array(asked, object if isinstance(ids[0], str) else np.int64)
        assert made.index.find(array).tolist() == [rows.get(key, -1) for key in asked]
        assert made.holds([*asked, b"joint"]) == [*(key in rows for key in asked), False]
        assert made.entities == len(rows)


@settings(deadline=None, max_examples=60)
@given(st.lists(INTS, min_size=1), st.lists(INTS))
def test_int64_ids_are_found_as_in_a_dict(ids, asked):
    check_found(ids, asked)


@pytest.mark.parametrize("hashes", [index.hashes, few_hashes], ids=["hashes", "collisions"])
def test_strings_are_found_as_in_a_dict(hashes, monkeypatch):
    monkeypatch.setattr(index, "hashes", hashes)
    monkeypatch.setattr(generation, "hashes", hashes)

    @settings(deadline=None, max_examples=60)
    @given(st.lists(TEXTS, min_size=1), st.lists(TEXTS))
    def check(ids, asked):
        check_found(ids, asked)

    check()


def test_colliding_ids_that_are_there_twice_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(generation, "hashes", few_hashes)
    with pytest.raises(StoreError, match="id 'aab' is there twice"):
        opened(tmp_path, ["abc", "aab", "bbb", "aab"])


@pytest.mark.parametrize(("ids", "asked"), [([1], np.array(["a"], object)), (["a"], np.array([1]))])
def test_ids_of_another_type_are_refused(tmp_path, ids, asked):
    with pytest.raises(DataError, match="ask for"):
        opened(tmp_path, ids).index.find(asked)


NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False)
WORDS = st.text(string.ascii_letters + "é\x00", max_size=3)
KINDS = {
    "float": (pa.float32(), NUMBERS),
    "double": (pa.float64(), st.floats(allow_nan=False, allow_infinity=False)),
    "int32": (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
    "int64": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "text": (pa.string(), WORDS),
    "large text": (pa.large_string(), WORDS),
    "matrix": (pa.list_(pa.float32(), 3), st.lists(NUMBERS, min_size=3, max_size=3)),
    "lists": (pa.list_(pa.float32()), st.lists(NUMBERS, max_size=3)),
    "large lists": (pa.large_list(pa.int64()), st.lists(st.integers(0, 9), max_size=2)),
    "lists of text": (pa.list_(pa.string()), st.lists(WORDS, max_size=3)),
    "empty lists": (pa.list_(pa.float32()), st.just([])),
    "lists of lists": (pa.list_(pa.list_(pa.int64())), st.lists(st.lists(st.integers(0, 9), max_size=2))),
}


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_gathered_as_by_arrow(kind):
    dtype, values = KINDS[kind]

    @settings(deadline=None, max_examples=25)
    @given(st.lists(values, min_size=1, max_size=8), st.data())
    def check(column, data):
        rows = np.array(data.draw(st.lists(st.integers(0, len(column) - 1))), np.int64)
        with TemporaryDirectory() as folder:
            made = opened(Path(folder), list(range(len(column))), x=pa.array(column, dtype))
            found = as_arrow(made.column("x").take(rows)).to_pylist()
        assert found == pa.array(column, dtype).take(pa.array(rows)).to_pylist()

    check()


def test_a_truncated_file_is_named(tmp_path):
    opened(tmp_path, [1, 2, 3], x=pa.array([1.0, 2.0, 3.0]))
    for name in ("c0", "codes"):
        data = (tmp_path / name).read_bytes()
        for cut in (b"", data[:-1]):
            (tmp_path / name).write_bytes(cut)
            with pytest.raises(StoreError, match=f"{name} is damaged"):
                generation.Generation(tmp_path)
        (tmp_path / name).write_bytes(data)
