"""Encoders against naive ones, on random columns."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.errors import DataError
from ranking.encoders import HashCodes, ValueCodes, fit_encoders
from ranking.encoders.codes import ValueCounts
from ranking.inputs.field_specs import (
    BagSpec,
    CategorySpec,
    HashCoding,
    HistorySpec,
    VocabularyCoding,
)
from ranking.inputs.spec import RankerSpec
from ranking.inputs.vector_rows import VectorStore, distinct_by_hash

few = settings(max_examples=60, deadline=None)
integers = st.one_of(st.none(), st.integers(-5, 5), st.integers(-(2**63), 2**63 - 1))
strings = st.one_of(st.none(), st.text(max_size=3))
columns = st.one_of(
    st.tuples(st.just(pa.int64()), st.lists(integers, max_size=30), st.lists(integers, max_size=10)),
    st.tuples(st.just(pa.string()), st.lists(strings, max_size=30), st.lists(strings, max_size=10)),
    st.tuples(st.just(pa.bool_()), *[st.lists(st.one_of(st.none(), st.booleans()), max_size=9)] * 2),
)


@given(columns, st.integers(1, 3))
@few
def test_vocabulary(column, min_count):
    """Ascending codes of what is frequent enough; counted in parts or at once."""
    of, train, later = column
    values = pa.array(train, of)
    counted = Counter(value for value in train if value is not None)
    known = sorted(value for value, count in counted.items() if count >= min_count)
    vocabulary = ValueCodes.fit(values, min_count)
    expected = [0 if v is None or v not in known else known.index(v) + 1 for v in later]
    assert vocabulary.encode(pa.array(later, of)).tolist() == expected
    assert vocabulary.size == len(known) + 1
    parts = ValueCounts()
    for start in range(0, max(1, len(train)), 7):
        parts.add(values.slice(start, 7), "column")
    assert parts.vocabulary(min_count).values.equals(vocabulary.values)


@given(columns, st.integers(1, 5))
@few
def test_unknown_values_share_buckets_after_the_vocabulary(column, buckets):
    of, train, later = column
    plain = ValueCodes.fit(pa.array(train, of), 1)
    if of != pa.bool_() and plain.kind != "nothing":
        vocabulary = ValueCodes.fit(pa.array(train, of), 1, buckets)
        codes = vocabulary.encode(pa.array(later, of))
        known = plain.encode(pa.array(later, of))
        assert vocabulary.size == plain.size + buckets
        for value, code, without in zip(later, codes, known, strict=True):
            if value is None or without:
                assert code == without
            else:
                assert plain.size <= code < vocabulary.size
                assert code == vocabulary.encode(pa.array([value], of))[0]


@given(columns, st.integers(1, 20))
@few
def test_hashing(column, buckets):
    """Null is 0, everything else in 1 … buckets, and a value's code is its own alone."""
    of, _, later = column
    kind = {"int64": "integer", "string": "string", "bool": "truth"}[str(of)]
    hashing = HashCodes(buckets, kind)
    codes = hashing.encode(pa.array(later, of))
    for value, code in zip(later, codes, strict=True):
        assert (code == 0) == (value is None)
        assert code <= buckets
        assert code == hashing.encode(pa.array([value], of))[0]


def test_hashes_are_the_same_everywhere():
    """Golden: saved models hold these codes. SplitMix64 of 0 is its published first output."""
    largest = HashCodes(2**31 - 1, "integer")
    assert largest.encode(pa.array([0])).tolist() == [1 + 0xE220A8397B1DCDAF % (2**31 - 1)]
    for value in (1, -1, 2**63 - 1):
        mask, h = 2**64 - 1, (value + 0x9E3779B97F4A7C15) % 2**64
        h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9 & mask
        h = (h ^ h >> 27) * 0x94D049BB133111EB & mask
        assert largest.encode(pa.array([value])).tolist() == [1 + (h ^ h >> 31) % (2**31 - 1)]
    assert HashCodes(1000, "string").encode(pa.array(["a", "", "é"])).tolist() == [929, 757, 964]


def test_hashing_spreads_evenly():
    """Of 10,000 consecutive ids in 100 buckets, no bucket is far from 100 (five standard deviations)."""
    for ids in (pa.array(range(10_000)), pa.array([f"user {i}" for i in range(10_000)])):
        kind = "integer" if ids.type == pa.int64() else "string"
        counts = np.bincount(HashCodes(100, kind).encode(ids), minlength=101)
        assert counts[0] == 0
        assert np.abs(counts[1:] - 100).max() < 50


lists = st.lists(
    st.one_of(st.none(), st.lists(st.one_of(st.none(), st.integers(0, 6)), max_size=5)), max_size=12
)


@given(lists, lists, st.one_of(st.none(), st.integers(1, 4)), st.randoms())
@few
def test_multivalued(train, later, width, random):
    """Head of each list, unknown values dropped, weights clipped at 0 and scaled to sum 1."""

    def table(rows):
        weights = [
            None if r is None else [random.choice((-1.0, 0.0, 0.25, 0.5, 2.0)) for _ in r] for r in rows
        ]
        return pa.table(
            {"v": pa.array(rows, pa.list_(pa.int64())), "w": pa.array(weights, pa.list_(pa.float64()))}
        )

    first, rows = table(train), table(later)
    spec = RankerSpec(
        fields=(
            BagSpec(
                name="v",
                side="item",
                column="v",
                weights="w",
                width=width,
                coding=VocabularyCoding(min_count=1),
            ),
        )
    )
    encoders = fit_encoders(spec, first, np.ones(len(train), bool))
    (bag,) = encoders.encode(rows).fields
    kept = width or max([1, *(len(r) for r in train if r)])
    known = sorted({v for r in train if r for v in r[:kept] if v is not None})
    assert bag.codes.shape == (len(later), kept)
    assert bag.size == len(known) + 1
    for row, values in enumerate(later):
        expected = {}
        for place, value in enumerate((values or [])[:kept]):
            if value in known:
                expected[place] = max(0.0, rows["w"][row].as_py()[place])
        total = sum(expected.values())
        for place in range(kept):
            share = expected.get(place, 0) / total if total else 0
            assert bag.weights[row, place] == pytest.approx(share, abs=1e-6)
            assert bool(bag.codes[row, place]) == (place in expected)


@given(lists, st.integers(1, 4), st.integers(0, 3))
@few
def test_sequences(rows, length, cut):
    """The newest items with their vectors; a dictionary of vectors says what plain lists say."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(7, 2)).astype(np.float32)
    rows = [r if r is None else [v for v in r if v is not None] for r in rows]
    ids = pa.array(rows, pa.list_(pa.int64()))
    flat = [v for r in rows if r for v in r]
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(table.ravel()), 2)
    index = pa.array([None if v < cut else v for v in flat], pa.int32())
    offsets = pa.array(np.cumsum([0, *(len(r or ()) for r in rows)]), pa.int32())
    encoded = pa.ListArray.from_arrays(offsets, pa.DictionaryArray.from_arrays(index, fixed))
    plain = pa.ListArray.from_arrays(offsets, fixed.take(index))
    spec = HistorySpec(name="h", column="h", vectors="v", length=length, coding=VocabularyCoding(min_count=1))
    made = []
    for vectors in (encoded, plain):
        raw = pa.table({"h": ids, "v": vectors})
        encoders = fit_encoders(RankerSpec(fields=(spec,)), raw, np.ones(len(rows), bool))
        made.append(encoders.encode(raw))
    if rows:
        assert made[0].fingerprint() == made[1].fingerprint()
    (history,) = made[0].fields
    known = sorted({v for r in rows if r for v in r[:length]})
    for row, values in enumerate(rows):
        for place in range(length):
            value = values[place] if values and place < len(values) else None
            assert history.codes[row, place] == (0 if value is None else known.index(value) + 1)
            expected = np.zeros(2) if value is None or value < cut else table[value]
            np.testing.assert_array_equal(history.table[history.rows[row, place]], expected)


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 10), st.integers(0, 5))
@few
def test_vectors_are_stored_once(picked, part, seed):
    """Same vectors, distinct rows of the table in order of first use; in parts as at once."""
    rng = np.random.default_rng(seed)
    table = np.concatenate([np.zeros((1, 3)), rng.integers(0, 2, (9, 3))]).astype(np.float32)
    rows = np.array(picked, np.int32)
    once, kept = distinct_by_hash(rows, table)
    np.testing.assert_array_equal(kept[once], table[rows])
    np.testing.assert_array_equal(once > 0, rows > 0)
    assert len(np.unique(kept[1:], axis=0)) == len(kept) - 1
    seen = list(dict.fromkeys(once[once > 0].tolist()))
    assert seen == list(range(1, len(kept)))
    store, found, vectors = VectorStore(), [], [table[:1]]
    for start in range(0, len(rows), part):
        here, new = store.add(rows[start : start + part], table)
        found.append(here)
        vectors.append(new)
    np.testing.assert_array_equal(np.concatenate([np.zeros(0, np.int32), *found]), once)
    np.testing.assert_array_equal(np.concatenate(vectors), kept)


@pytest.mark.parametrize(
    ("train", "later"),
    [
        ([1, 2], ["1", "2"]),
        (["1"], [1]),
        ([1.0, 2.0], [1, 2]),
        ([True, False], [1, 0]),
        ([1], [1.5]),
    ],
)
@pytest.mark.parametrize("coding", [VocabularyCoding(min_count=1), HashCoding(buckets=9)])
def test_values_of_another_kind_are_no_unknown_ones(train, later, coding):
    """5 is neither "5" nor 5.0: silently unknown would be silently wrong."""
    spec = RankerSpec(fields=(CategorySpec(name="c", side="user", column="c", coding=coding),))
    raw = pa.table({"c": train})
    if pa.types.is_floating(raw["c"].type) and isinstance(coding, HashCoding):
        with pytest.raises(DataError, match="floating point numbers are not hashed"):
            fit_encoders(spec, raw, np.ones(len(train), bool))
        return
    encoders = fit_encoders(spec, raw, np.ones(len(train), bool))
    with pytest.raises(DataError, match=r"c: values are .*, training had"):
        encoders.encode(pa.table({"c": later}))


def test_nan_is_no_value():
    vocabulary = ValueCodes.fit(pa.array([1.5, float("nan"), float("nan"), 1.5, None]), 2)
    assert vocabulary.size == 2
    assert vocabulary.encode(pa.array([float("nan"), 1.5, None])).tolist() == [0, 1, 0]
