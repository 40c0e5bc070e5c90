"""What is quick for the few rows of a request gives what the way for many rows gives, bit by bit."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ranking.encoders import codes
from ranking.encoders.codes import ValueCodes
from ranking.encoders.value_index import ValueIndex
from ranking.encoders.vectors import SimilarityEncoder, VectorEncoder
from ranking.inputs.field_specs import SimilaritySpec, VectorSpec
from ranking.inputs.vector_rows import distinct_by_hash, distinct_vectors
from ranking.models import WideDeep
from ranking.testing.planted import planted_inputs

INTEGERS = st.integers(-(2**63), 2**63 - 1) | st.integers(-5, 5)
TEXTS = st.text(max_size=3) | st.sampled_from(["", "a", "é", "a\0"])


@pytest.mark.parametrize(("values", "of"), [(INTEGERS, pa.int64()), (TEXTS, pa.string())])
@pytest.mark.parametrize("unknown", [0, 3])
def test_codes_of_few_values_are_those_of_many(values, of, unknown):
    @settings(deadline=None)
    @given(st.lists(values, max_size=30), st.lists(st.none() | values, max_size=12))
    def check(learned, asked):
        vocabulary = ValueCodes.fit(pa.array(learned, of), 1, unknown)
        asked = pa.array([*asked, *learned[:3]], of)
        with pytest.MonkeyPatch.context() as patch:
            found = []
            for few in (0, float("inf")):
                patch.setattr(codes, "FEW", few)
                found.append(vocabulary.encode(asked))
        np.testing.assert_array_equal(*found)
        assert found[0].dtype == found[1].dtype

    check()


def test_strings_of_one_hash_are_told_apart(monkeypatch):
    monkeypatch.setattr(
        "ranking.encoders.value_index.hashes_of", lambda values: np.ones(len(values), np.uint64)
    )
    for values in (["a", "b"], ["a"]):
        found = ValueIndex(pa.array(values)).find(pa.array(["b", "a", "c", None]))
        assert found.tolist() == [values.index("b") + 1 if "b" in values else 0, 1, 0, 0]


@settings(deadline=None)
@given(st.data())
def test_few_vectors_are_numbered_as_many_are(data):
    size, dim = data.draw(st.integers(1, 9)), data.draw(st.integers(0, 3))
    table = data.draw(arrays(np.float32, (size, dim), elements=st.sampled_from([0.0, -0.0, 1.0])))
    table[0] = 0
    shape = data.draw(st.sampled_from([(0,), (6,), (3, 2)]))
    rows = data.draw(arrays(np.int32, shape, elements=st.integers(0, size - 1)))
    for got, expected in zip(distinct_vectors(rows, table), distinct_by_hash(rows, table), strict=True):
        assert (got.dtype, got.shape, got.tobytes()) == (expected.dtype, expected.shape, expected.tobytes())


@settings(deadline=None)
@given(st.lists(st.none() | st.integers(0, 3), min_size=1, max_size=9), st.booleans())
def test_vectors_that_rows_share_are_as_if_each_had_its_own(places, with_null):
    held = [[1.0, 2], [0.5, -1], [1.0, 2], None if with_null else [3.0, 4]]
    dictionary = pa.array(held, pa.list_(pa.float32(), 2))
    shared = pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), dictionary)
    own = pa.array([None if place is None else held[place] for place in places], dictionary.type)
    item = pa.array([[float(i), 1.0] for i in range(len(places))], dictionary.type)
    vector = VectorEncoder(VectorSpec(name="v", side="user", column="u"), {"dim": 2}, {})
    cosine = SimilarityEncoder(SimilaritySpec(name="s", measure="cosine", user="u", item="i"), {"dim": 2}, {})
    tables = [pa.table({"u": column, "i": item}) for column in (shared, own)]
    (one,), (other,) = (vector.encode(table) for table in tables)
    assert (one.rows.tolist(), one.table.tobytes()) == (other.rows.tolist(), other.table.tobytes())
    (one,), (other,) = (cosine.encode(table) for table in tables)
    np.testing.assert_array_equal(one.values, other.values)


def test_a_network_that_scores_is_left_as_it_is():
    train, validation = planted_inputs(200, 0), planted_inputs(100, 1)
    fitted = WideDeep().fit(train, validation, 0)
    assert not any(module.training for module in fitted.model.modules())
    fitted.model.train()
    expected = fitted.predict(validation)
    assert not any(module.training for module in fitted.model.modules())
    np.testing.assert_array_equal(fitted.predict(validation), expected)
