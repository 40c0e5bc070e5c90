"""Rankers find planted structure as well as it can be found, and find nothing where nothing is."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ranking.inputs.fields import Category, History, Vector
from ranking.metrics.metrics import auc
from ranking.models import DIN
from ranking.models.pretrained import FineTuned, Frozen, Projected
from ranking.models.registry import rankers
from ranking.models.training import RankerTraining
from ranking.testing.planted import planted_inputs
from tests.ranking_data import planted_history

RANKERS = [made() for made in rankers().values()]
every_ranker = pytest.mark.parametrize("ranker", RANKERS, ids=lambda r: r.kind)


def test_a_linear_model_cannot():
    """What the planted cross is for: logistic regression on the one-hot tokens misses most of it."""
    train, test = planted_inputs(20000, 0), planted_inputs(6000, 2)

    def one_hot(inputs):
        tokens = [field.codes for field in inputs.of(Category) if field.group == "tokens"]
        return np.concatenate([np.eye(9)[codes] for codes in tokens], axis=1)

    linear = LogisticRegression().fit(one_hot(train), train.label)
    assert auc(test.label, linear.predict_proba(one_hot(test))[:, 1]) < 0.7


@every_ranker
def test_shuffled_labels_teach_nothing(ranker):
    """Default settings on labels that no field knows of: AUC .5 ± .02 on 12,000 rows."""
    train, validation, test = (
        planted_inputs(rows, seed, shuffled=True) for rows, seed in ((6000, 0), (2000, 1), (12000, 2))
    )
    scores = ranker.fit(train, validation, 0).predict(test)
    assert auc(test.label, scores) == pytest.approx(0.5, abs=0.02)
    # and says so: nobody is sent far from the base rate
    assert np.abs(scores - train.label.mean()).mean() < 0.05


@every_ranker
def test_default_settings_find_a_planted_cross(ranker):
    """Flipped with chance .1, the parity of two tokens allows about AUC .9."""
    train, validation, test = (
        planted_inputs(rows, seed) for rows, seed in ((20000, 0), (2000, 1), (6000, 2))
    )
    scores = ranker.fit(train, validation, 0).predict(test)
    assert auc(test.label, scores) == pytest.approx(0.9, abs=0.015)


HISTORY = RankerTraining(learning_rate=0.005, batch_rows=512, decay=0)
TREATMENTS = [Projected(), Frozen(), FineTuned(learning_rate=0.001)]


@pytest.mark.parametrize("pretrained", TREATMENTS, ids=lambda p: p.kind)
def test_attention_finds_the_item_like_the_candidate(pretrained):
    """A quarter of the items is known by its vector alone and a quarter by its id alone: within .03 of the
    best AUC there is."""
    train, validation, test = (
        planted_history(rows, seed) for rows, seed in ((20000, 0), (2000, 1), (6000, 2))
    )
    best = auc(test.label, history_match(test))
    fitted = DIN(training=HISTORY, pretrained=pretrained).fit(train, validation, 0)
    assert auc(test.label, fitted.predict(test)) > best - 0.03


def history_match(inputs):
    """Whether an item of the candidate's kind is in the history, by codes or by vectors."""
    history, (own,) = inputs.of(History)[0], inputs.of(Category)
    (vector,) = inputs.of(Vector)
    kind = np.where(own.codes > 0, own.codes - 1, vector.rows - 1) % 8
    past = np.where(history.codes > 0, history.codes - 1, history.rows - 1)
    return ((past % 8 == kind[:, None]) & (past >= 0)).any(1).astype(np.float32)
