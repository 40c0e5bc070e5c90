"""What every ranker must do, whoever wrote it."""

from dataclasses import replace

import numpy as np
import pytest

from embedding_features.errors import DataError, TrainingError
from ranking.inputs import Bag, Categorical, Continuous, Inputs, Vector
from ranking.metrics import auc
from ranking.models import DLRM, LightGBM, Ranker, WideDeep
from ranking.training import Training
from tests.ranking_data import planted_inputs

QUICK = Training(learning_rate=0.01, batch_rows=256, epochs=15, decay=0)
RANKERS: list[Ranker] = [
    LightGBM(min_rows_in_leaf=20, column_share=1),
    WideDeep(training=QUICK),
    DLRM(training=QUICK),
]
every_ranker = pytest.mark.parametrize("ranker", RANKERS, ids=lambda r: r.kind)


@pytest.fixture(scope="module")
def data() -> tuple[Inputs, Inputs, Inputs]:
    return tuple(planted_inputs(rows, seed) for rows, seed in ((3000, 0), (800, 1), (1500, 2)))


@every_ranker
def test_scores_are_probabilities(ranker, data):
    train, validation, test = data
    scores = ranker.fit(train, validation, 0).predict(test)
    assert scores.dtype == np.float32
    assert scores.shape == (1500,)
    assert scores.min() >= 0
    assert scores.max() <= 1
    # calibrated on average
    assert scores.mean() == pytest.approx(test.label.mean(), abs=0.05)


@every_ranker
@pytest.mark.parametrize("group", ["tokens", "clusters", "dense"])
def test_learns_a_cross_from_each_group(ranker, group, data):
    """Parity of two codes, or the sign of a product: within .03 of the best AUC the rows allow (dense: a
    fifth of each side's vectors is missing, so two thirds of the rows tell something)."""
    train, validation, test = (part.select({"base", group}) for part in data)
    scores = ranker.fit(train, validation, 0).predict(test)
    assert auc(test.label, scores) > auc(test.label, oracle(test, group)) - 0.03


def oracle(inputs, group):
    """The parity where both sides are known."""
    known = np.ones(len(inputs), bool)
    if group == "dense":
        user, item = inputs.of(Vector)
        known = user.present & item.present
        even = (user.values[:, 0] > 0) == (item.values[:, 0] > 0)
    elif group == "clusters":
        user, item = inputs.of(Bag)
        even = (user.codes[:, 0] + item.codes[:, 0]) % 2 == 0
    else:
        user, item = (f for f in inputs.of(Categorical) if f.group == "tokens")
        even = (user.codes + item.codes) % 2 == 0
    return np.where(known, even, 0.5)


@every_ranker
def test_same_seed_same_scores(ranker, data):
    train, validation, test = data
    one, two, other = (ranker.fit(train, validation, seed).predict(test) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 1e-4


@every_ranker
def test_scores_do_not_depend_on_the_rows_beside(ranker, data):
    train, validation, test = data
    fitted = ranker.fit(train, validation, 0)
    rows = np.array([7, 1400, 7, 0])
    np.testing.assert_allclose(fitted.predict(test.take(rows)), fitted.predict(test)[rows], atol=1e-6)
    assert fitted.predict(test.take(rows[:0])).shape == (0,)


@every_ranker
def test_labels_are_not_looked_at_when_scoring(ranker, data):
    train, validation, test = data
    fitted = ranker.fit(train, validation, 0)
    np.testing.assert_array_equal(fitted.predict(replace(test, label=1 - test.label)), fitted.predict(test))


def all_unknown(inputs: Inputs) -> Inputs:
    """The same layout with nothing known."""
    fields = []
    for field in inputs.fields:
        if isinstance(field, Continuous):
            fields.append(replace(field, values=np.full_like(field.values, np.nan)))
        elif isinstance(field, Vector):
            fields.append(replace(field, rows=np.zeros_like(field.rows)))
        elif isinstance(field, Bag):
            zero = np.zeros_like(field.weights)
            fields.append(replace(field, codes=np.zeros_like(field.codes), weights=zero))
        else:
            fields.append(replace(field, codes=np.zeros_like(field.codes)))
    return Inputs(inputs.label, tuple(fields))


@every_ranker
def test_rows_of_which_nothing_is_known(ranker, data):
    """Unknown ids, missing vectors, NaN: one finite score for all."""
    train, validation, test = data
    scores = ranker.fit(train, validation, 0).predict(all_unknown(test))
    assert np.isfinite(scores).all()
    assert np.ptp(scores) < 1e-6
    assert 0.05 < scores[0] < 0.95


@every_ranker
def test_fields_that_are_missing_throughout_training(ranker, data):
    """A view that nothing was joined from yet must not break a ranker."""
    train, validation, test = data
    scores = ranker.fit(all_unknown(train), all_unknown(validation), 0).predict(test)
    assert np.isfinite(scores).all()


@every_ranker
@pytest.mark.parametrize("part", [0, 1], ids=["train", "validation"])
@pytest.mark.parametrize("label", [0, 1])
def test_labels_all_alike_are_refused(ranker, part, label, data):
    parts = list(data[:2])
    parts[part] = replace(parts[part], label=np.full_like(parts[part].label, label))
    with pytest.raises(TrainingError, match=f"{('training', 'validation')[part]} labels are all alike"):
        ranker.fit(*parts, 0)


@every_ranker
def test_labels_other_than_0_and_1_are_refused(ranker, data):
    train, validation, _ = data
    with pytest.raises(TrainingError, match="labels are"):
        ranker.fit(replace(train, label=train.label * 2), validation, 0)


@every_ranker
def test_inputs_of_another_variant_are_refused(ranker, data):
    train, validation, test = data
    fitted = ranker.fit(train.variant("tokens"), validation.variant("tokens"), 0)
    with pytest.raises(DataError, match="user_clusters"):
        fitted.predict(test.variant("clusters"))
    with pytest.raises(DataError, match="different fields"):
        ranker.fit(train.variant("none"), validation, 0)


@every_ranker
def test_settings_survive_json(ranker):
    again = Ranker.model_validate_json(ranker.model_dump_json())
    assert again == ranker
    assert type(again) is type(ranker)


@every_ranker
def test_inputs_are_not_written_to(ranker, data):
    train, validation, test = data
    before = [part.fingerprint() for part in data]
    ranker.fit(train, validation, 0).predict(test)
    assert [part.fingerprint() for part in data] == before
