"""Importance: SHAP values add up, permuting a field that tells nothing loses nothing."""

import numpy as np
import pytest

from ranking.experiment.importance import ROWS, importance
from ranking.inputs.fields import Number
from ranking.inputs.inputs import Inputs
from ranking.models import LightGBM, WideDeep
from ranking.models.design import bag_columns, design_matrix, field_widths
from ranking.models.training import RankerTraining
from ranking.testing.planted import planted_inputs


def numbers(rows, seed):
    """The label hangs on ``strong`` much, on ``weak`` a little, on ``nothing`` not at all."""
    rng = np.random.default_rng(seed)
    values = {name: rng.normal(size=rows).astype(np.float32) for name in ("nothing", "weak", "strong")}
    logit = 2.5 * values["strong"] + 0.6 * values["weak"]
    label = (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.float32)
    return Inputs(label, tuple(Number(name, "base", v) for name, v in values.items()))


@pytest.fixture(scope="module")
def parts():
    return numbers(4000, 0), numbers(2000, 1)


@pytest.mark.parametrize(
    ("ranker", "method"),
    [
        (LightGBM(rounds=25), "shap"),
        (WideDeep(training=RankerTraining(epochs=6)), "permutation"),
    ],
)
def test_fields_come_in_the_order_of_what_they_tell(ranker, method, parts):
    fitted = ranker.fit(*parts, 0)
    found = importance(fitted, parts[1], 3, "r", "v")
    assert (found.ranker, found.variant, found.method) == ("r", "v", method)
    assert [field.field for field in found.fields] == ["strong", "weak", "nothing"]
    strong, weak, nothing = (field.value for field in found.fields)
    assert strong > 3 * weak
    assert abs(nothing) < weak / 2.5
    assert importance(fitted, parts[1], 3, "r", "v") == found


def test_shap_values_of_a_row_add_up_to_its_log_odds():
    """With the constant that TreeSHAP leaves beside the fields."""
    train, validation = planted_inputs(3000, 0), planted_inputs(800, 1)
    fitted = LightGBM(rounds=30).fit(train, validation, 0)
    parts = fitted.contributions(validation)
    assert parts.shape == (800, len(validation.fields))
    score = fitted.predict(validation).astype(np.float64)
    rest = np.log(score / (1 - score)) - parts.sum(axis=1)
    np.testing.assert_allclose(rest, rest[0], atol=1e-3)
    ids = [place for place, field in enumerate(validation.fields) if getattr(field, "identity", False)]
    assert len(ids) == 2
    assert not parts[:, ids].any()


def test_widths_are_those_of_the_matrix():
    inputs = planted_inputs(300, 0)
    bags = bag_columns(inputs)
    widths = field_widths(inputs, bags)
    matrix, categories = design_matrix(inputs, bags)
    assert sum(widths) == matrix.shape[1]
    for place, field in enumerate(inputs.fields):
        alone = inputs.select({field.name})
        if widths[place]:
            own, _ = design_matrix(alone, bags)
            begin = sum(widths[:place])
            np.testing.assert_array_equal(matrix[:, begin : begin + widths[place]], own)
    assert max(categories) < matrix.shape[1]


def test_many_rows_are_sampled():
    rows = numbers(ROWS + 500, 2)
    fitted = LightGBM(rounds=5).fit(rows, numbers(500, 3), 0)
    assert importance(fitted, rows, 1) != importance(fitted, rows, 2)
