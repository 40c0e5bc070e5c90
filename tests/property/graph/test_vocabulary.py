"""Vocabularies: append-only, each id once, encode and decode inverse to each other."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedding_features.errors import GraphError
from embedding_features.graph import Vocabulary

INTS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(max_size=6)
BATCHES = st.one_of(
    st.lists(st.lists(st.one_of(st.none(), INTS), max_size=20), min_size=1, max_size=4).map(
        lambda batches: [pa.array(batch, pa.int64()) for batch in batches]
    ),
    st.lists(st.lists(st.one_of(st.none(), TEXTS), max_size=20), min_size=1, max_size=4).map(
        lambda batches: [pa.array(batch, pa.string()) for batch in batches]
    ),
)


@given(BATCHES)
def test_extend_appends_the_unknown_in_order_and_moves_nothing(batches: list[pa.Array]) -> None:
    vocabulary = Vocabulary.empty("string" if pa.types.is_string(batches[0].type) else "int64")
    expected: list[Any] = []
    for batch in batches:
        vocabulary = vocabulary.extend(batch)
        expected += sorted({value for value in batch.to_pylist() if value is not None} - set(expected))
        assert vocabulary.ids.to_pylist() == expected


@given(BATCHES)
def test_decode_undoes_encode(batches: list[pa.Array]) -> None:
    vocabulary = Vocabulary.empty("string" if pa.types.is_string(batches[0].type) else "int64")
    vocabulary = vocabulary.extend(batches[0])
    for batch in batches:
        rows = vocabulary.encode(batch)
        known = rows >= 0
        assert vocabulary.decode(rows[known]).to_pylist() == batch.filter(pa.array(known)).to_pylist()
        unknown = batch.filter(pa.array(~known)).to_pylist()
        assert not set(unknown) & set(vocabulary.ids.to_pylist())


@given(st.lists(TEXTS, unique=True, min_size=1, max_size=9), st.data())
def test_the_hash_tells_ids_and_their_order(ids: list[str], data: st.DataObject) -> None:
    """Neither a slice's offset nor where one text ends and the next begins may matter to it, or be missed."""
    vocabulary = Vocabulary.from_ids(pa.array(ids, pa.string()))
    sliced = pa.array(["before", *ids, "after"], pa.string()).slice(1, len(ids))
    assert Vocabulary.from_ids(sliced).hash == vocabulary.hash
    other = data.draw(st.permutations(ids))
    assert (Vocabulary.from_ids(pa.array(other, pa.string())).hash == vocabulary.hash) == (other == ids)
    longest = max(ids, key=len)  # and a letter more: a text that is not among them
    assert Vocabulary.from_ids(pa.array([longest + "x", *ids[1:]])).hash != vocabulary.hash


def test_hashes_differ_where_bytes_agree() -> None:
    texts = [["ab", "c"], ["a", "bc"], ["abc"], []]
    hashes = {Vocabulary.from_ids(pa.array(t, pa.string())).hash for t in texts}
    hashes |= {Vocabulary.from_ids(pa.array(t, pa.int64())).hash for t in ([], [0], [1], [0, 1], [1, 0])}
    assert len(hashes) == 9


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (pa.array([1, None]), "1 null ids"),
        (pa.array(["a", "a", "b"]), "1 duplicate ids"),
        (pa.array([1.5]), "type double"),
        (pa.array([2**63], pa.uint64()), "do not fit"),
    ],
)
def test_unfit_ids_are_refused(ids: pa.Array, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        Vocabulary.from_ids(ids)


def test_types_are_not_mixed_up() -> None:
    """The text "1" is not the number 1."""
    numbers = Vocabulary.from_ids(np.array([1, 2]))
    with pytest.raises(GraphError, match="ids are string, the vocabulary's int64"):
        numbers.encode(pa.array(["1"]))
    with pytest.raises(GraphError, match="ids are int64, the vocabulary's string"):
        Vocabulary.from_ids(np.array(["1"])).extend(np.array([1]))
    assert numbers.encode(np.array([])).tolist() == []
    assert numbers.encode(pa.nulls(2)).tolist() == [-1, -1]


@pytest.mark.parametrize("row", [-1, 2])
def test_rows_outside_are_refused(row: int) -> None:
    with pytest.raises(GraphError, match=r"outside 0\.\.1"):
        Vocabulary.from_ids(np.array([1, 2])).decode(np.array([row]))
