"""What the encoder of every kind of field must do."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.errors import CompatibilityError, DataError
from ranking.encoders import fit_encoders, load_encoders, save_encoders
from ranking.encoders.fitted import ENCODERS
from ranking.inputs.field_specs import columns_of
from ranking.inputs.fields import Bag, Category, History, Number, Vector
from ranking.inputs.inputs import Inputs
from ranking.inputs.spec import RankerSpec
from tests.ranking_raw import FIELDS, ITEM, raw_rows

every_field = pytest.mark.parametrize("name", FIELDS)
TRAIN, LATER = raw_rows(300), raw_rows(80, seed=1)


def spec_of(name):
    return RankerSpec(fields=(ITEM, FIELDS[name]))


def fitted(name, train=TRAIN):
    return fit_encoders(spec_of(name), train, np.ones(len(train), bool))


def same(one: Inputs, two: Inputs):
    """Equal to the last bit, tables of vectors aside: those hold what their rows need."""
    assert [f.name for f in one.fields] == [f.name for f in two.fields]
    for ours, theirs in zip(one.fields, two.fields, strict=True):
        for key, value in vars(ours).items():
            other = getattr(theirs, key)
            if key == "rows":
                np.testing.assert_array_equal(ours.table[value], theirs.table[other])
                np.testing.assert_array_equal(value > 0, other > 0)
            elif key != "table":
                np.testing.assert_array_equal(value, other, err_msg=f"{ours.name} {key}")


def test_every_kind_of_field_is_tried():
    assert {field.kind for field in FIELDS.values()} == set(ENCODERS)


@every_field
def test_saved_and_loaded_encodes_alike(name, tmp_path):
    encoders = fitted(name)
    save_encoders(encoders, tmp_path / "encoders")
    again = load_encoders(tmp_path / "encoders")
    assert again.encode(LATER).fingerprint() == encoders.encode(LATER).fingerprint()
    assert again.spec == encoders.spec


@every_field
def test_a_row_does_not_depend_on_the_rows_beside(name):
    encoders = fitted(name)
    whole = encoders.encode(LATER)
    rows = np.array([70, 3, 3, 41])
    same(encoders.encode(LATER.take(rows)), whole.take(rows))
    same(encoders.encode(LATER.slice(5, 1)), whole.take(np.array([5])))
    assert len(encoders.encode(LATER.slice(0, 0))) == 0
    assert encoders.encode(LATER.slice(0, 0)).layout() == whole.layout()


@every_field
def test_the_order_of_training_rows_is_of_no_matter(name):
    order = np.random.default_rng(4).permutation(len(TRAIN))
    assert (
        fitted(name, TRAIN.take(order)).encode(LATER).fingerprint()
        == fitted(name).encode(LATER).fingerprint()
    )


@every_field
def test_rows_outside_the_mask_are_not_looked_at(name):
    """Encoders fitted on the first rows are the same whatever comes after."""
    both = pa.concat_tables([TRAIN, raw_rows(100, seed=5)])
    encoders = fit_encoders(spec_of(name), both, np.arange(len(both)) < len(TRAIN))
    assert encoders.encode(LATER).fingerprint() == fitted(name).encode(LATER).fingerprint()


@every_field
def test_chunks_and_wider_types_are_of_no_matter(name):
    """Chunked columns, dictionaries of strings, int32 and large strings: one encoding."""
    halves = pa.concat_tables([LATER.slice(0, 30), LATER.slice(30)])
    narrow = halves.set_column(2, "item_id", halves["item_id"].cast(pa.int32()))
    large = narrow.set_column(1, "group", narrow["group"].cast(pa.large_string()))
    encoded = narrow.set_column(1, "group", narrow["group"].dictionary_encode())
    encoders = fitted(name)
    for table in (halves, narrow, large, encoded):
        assert encoders.encode(table).fingerprint() == encoders.encode(LATER).fingerprint()


def nothing_known(inputs: Inputs) -> bool:
    (_, *fields) = inputs.fields
    known = []
    for field in fields:
        if isinstance(field, Number):
            known.append(np.isfinite(field.values).any())
        elif isinstance(field, Vector):
            known.append(field.present.any())
        elif isinstance(field, History):
            known += [field.codes.any(), field.rows.any()]
        elif isinstance(field, Bag):
            known += [field.codes.any(), field.weights.any()]
        elif isinstance(field, Category):
            known.append(field.codes.any())
    return not any(known)


def nulls(table, name, keep_type):
    for column in columns_of(FIELDS[name]):
        kind = table.schema.field(column).type if keep_type else pa.null()
        table = table.set_column(table.schema.get_field_index(column), column, pa.nulls(len(table), kind))
    return table


@every_field
@pytest.mark.parametrize("keep_type", [True, False])
def test_null_is_unknown(name, keep_type):
    """In a column of its type, and in one without a type, as a request without any value has."""
    if name == "categorical, shared":
        pytest.skip("the column of the codes itself")
    got = fitted(name).encode(nulls(LATER, name, keep_type))
    if getattr(FIELDS[name], "default", None) is None:
        assert nothing_known(got)
    else:
        (_, field) = got.fields
        values = field.values if isinstance(field, Number) else field.codes
        assert np.ptp(values) == 0
        assert np.isfinite(values).all()
    assert got.layout() == fitted(name).encode(LATER).layout()


@every_field
def test_training_rows_without_any_value(name):
    """A view that nothing was joined from yet; the column's type is known, as the store says it."""
    if FIELDS[name].name in ("item", "item_again"):
        pytest.skip("ids of labels are never null")
    encoders = fitted(name, nulls(TRAIN, name, keep_type=True))
    later = encoders.encode(LATER)
    assert len(later) == len(LATER)
    assert encoders.encode(LATER.slice(0, 3)).layout() == later.layout()


@every_field
def test_a_missing_column_is_named(name):
    for column in columns_of(FIELDS[name]):
        without = LATER.drop_columns([column])
        with pytest.raises(DataError, match=f"no columns '{column}'"):
            fitted(name).encode(without)
        with pytest.raises(DataError, match=f"no columns '{column}'"):
            fitted(name, TRAIN.drop_columns([column]))


@every_field
def test_another_type_is_refused(name):
    """Dates and structs have no code and are no number; a list is no value, and a value no list."""
    encoders = fitted(name)
    for column in columns_of(FIELDS[name]):
        for bad in (
            pa.array([{"a": 1}] * len(LATER)),
            pa.array([0] * len(LATER), pa.date32()),
            pa.array([[["a"]]] * len(LATER)),
        ):
            table = LATER.set_column(LATER.schema.get_field_index(column), column, bad)
            with pytest.raises((DataError, CompatibilityError)):
                encoders.encode(table)
            with pytest.raises((DataError, CompatibilityError)):
                fitted(name, pa.concat_tables([table] * 2))


@every_field
def test_input_columns_are_not_written_to(name):
    before = LATER.to_pylist()
    fitted(name).encode(LATER)
    assert LATER.to_pylist() == before


def test_all_fields_together(tmp_path):
    """Each as it is alone, under a name of its own."""
    fields = tuple(f.model_copy(update={"name": f"f{i}"}) for i, f in enumerate(FIELDS.values()))
    encoders = fit_encoders(RankerSpec(fields=(ITEM, *fields)), TRAIN, np.ones(len(TRAIN), bool))
    together = {field.name: field for field in encoders.encode(LATER).fields}
    for place, name in enumerate(FIELDS):
        alone = fitted(name).encode(LATER).fields[1:]
        for field in alone:
            renamed = f"f{place}" + field.name.removeprefix(FIELDS[name].name)
            ours = together[renamed]
            table = {"table": field.table} if isinstance(field, Category | Bag) else {}
            if isinstance(field, History):
                table = {"items": field.items}
            same(
                Inputs(np.zeros(80), (replace(ours, name=field.name, **table),)),
                Inputs(np.zeros(80), (field,)),
            )
