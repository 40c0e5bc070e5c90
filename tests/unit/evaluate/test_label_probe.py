"""The label probe against hand computation, a naive loop and scikit-learn's metrics."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.metrics import f1_score

from embedding_features.arrays import F64, Bool
from embedding_features.errors import DataError
from embedding_features.evaluate.label_probe import (
    LabelProbe,
    LabelScores,
    label_f1,
    label_probe,
    most_likely,
    probe_split,
)
from embedding_features.graph import CSR


def _labels(has: Bool) -> CSR:
    node, label = np.nonzero(has)
    return CSR.from_edges(node, label, has.shape)


def _random(seed: int, nodes: int = 60, count: int = 4) -> tuple[np.ndarray, Bool]:
    """Vectors of which labels are noisy half-spaces; every node has a label."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((nodes, 3)).astype(np.float32)
    has = vectors @ rng.standard_normal((3, count)) + rng.standard_normal((nodes, count)) > 0.5
    has[np.arange(nodes), rng.integers(0, count, nodes)] = True
    return vectors, has


def test_golden_of_f1() -> None:
    """Label 0: 1 hit, 1 false; label 1: 1 hit, 1 missed; label 2: 1 missed, 1 false; label 3: never there."""
    has = np.array([[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], bool)
    predicted = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0]], bool)
    scores = label_f1(predicted, has)
    assert scores.micro_f1 == pytest.approx(4 / 8)
    assert scores.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 0 + 0) / 4)


def test_golden_of_the_likeliest() -> None:
    scores = np.array([[0.1, 0.9, 0.5], [2, 2, 2], [-np.inf, 1, np.inf], [1, 2, 3]])
    found = most_likely(scores, np.array([2, 1, 2, 0]))
    assert found.tolist() == [[False, True, True], [True, False, False], [False, True, True], [False] * 3]


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**31), nodes=st.integers(1, 20), count=st.integers(2, 6))
def test_predictions_and_f1_are_those_of_a_loop(seed: int, nodes: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    has = rng.random((nodes, count)) < 0.4
    scores = rng.integers(0, 5, (nodes, count)).astype(np.float64)  # with ties
    found = most_likely(scores, has.sum(axis=1))
    for row in range(nodes):
        order = sorted(range(count), key=lambda k: (-scores[row, k], k))
        assert set(np.flatnonzero(found[row])) == set(order[: has[row].sum()])
    got = label_f1(found, has)
    assert got.micro_f1 == pytest.approx(f1_score(has, found, average="micro", zero_division=0))
    assert got.macro_f1 == pytest.approx(f1_score(has, found, average="macro", zero_division=0))


def _minimum(x: F64, y: Bool, strength: float) -> F64:
    """Coefficients and intercept of L2 logistic regression by a general minimizer; the intercept is free."""
    sign = np.where(y, 1.0, -1.0)

    def loss(p: F64) -> float:
        margin = sign * (x @ p[:-1] + p[-1])
        return float(strength * np.logaddexp(0, -margin).sum() + p[:-1] @ p[:-1] / 2)

    return np.asarray(minimize(loss, np.zeros(x.shape[1] + 1), method="BFGS", options={"gtol": 1e-7}).x)


@pytest.mark.parametrize("strength", [0.1, 1.0, 10.0])
def test_a_split_is_judged_as_by_a_naive_loop(strength: float) -> None:
    vectors, has = _random(1)
    train, test = np.arange(40), np.arange(40, 60)
    predicted = np.zeros((20, has.shape[1]), bool)
    models = [
        _minimum(vectors[train].astype(np.float64), has[train, k], strength) for k in range(has.shape[1])
    ]
    for row, node in enumerate(test):
        odds = [float(vectors[node] @ model[:-1] + model[-1]) for model in models]
        for k in sorted(range(len(odds)), key=lambda k: -odds[k])[: has[node].sum()]:
            predicted[row, k] = True
    got = probe_split(vectors, _labels(has), train, test, strength=strength)
    assert got.micro_f1 == pytest.approx(f1_score(has[test], predicted, average="micro"))
    assert got.macro_f1 == pytest.approx(f1_score(has[test], predicted, average="macro", zero_division=0))
    assert 0.3 < got.micro_f1 < 1


def test_labels_that_training_nodes_all_have_or_lack() -> None:
    """Label 0 stands first for every test node, label 2 last; label 1 follows the vector."""
    vectors = np.array([[1], [-1], [1], [-1], [1]], np.float32)
    has = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 0], [0, 0, 1], [1, 1, 0]], bool)
    got = probe_split(vectors, _labels(has), np.arange(3), np.array([3, 4]))
    # node 3 is given label 0 (wrong), node 4 labels 0 and 1 (right)
    assert got.micro_f1 == pytest.approx(2 * 2 / (3 + 3))
    assert got.macro_f1 == pytest.approx((2 / 3 + 1 + 0) / 3)


def test_splits_differ_and_the_seed_decides() -> None:
    vectors, has = _random(2)
    one, again, other = (
        label_probe(vectors, _labels(has), splits=4, train_share=0.5, seed=s) for s in (0, 0, 1)
    )
    assert one == again
    assert one != other
    assert len(set(one.splits)) > 1


def test_each_split_holds_out_what_its_share_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 10 labelled nodes 7 train and 3 are tested, together all, at every split; two more have no label."""
    seen = []

    def noted(vectors, labels, train, test, *, strength):
        seen.append((set(train), set(test)))
        assert strength == 3.0
        return LabelScores(0.0, 0.0)

    monkeypatch.setattr("embedding_features.evaluate.label_probe.probe_split", noted)
    labels = CSR.from_edges(np.arange(10), np.zeros(10, int), (12, 1))
    label_probe(np.zeros((12, 2), np.float32), labels, train_share=0.7, splits=5, strength=3.0)
    assert len(seen) == 5
    assert all((len(a), len(b), a | b) == (7, 3, set(range(10))) for a, b in seen)
    assert len({frozenset(test) for _, test in seen}) > 1


def test_mean_and_spread_are_over_the_splits() -> None:
    probe = LabelProbe(0.9, (LabelScores(0.2, 0.1), LabelScores(0.4, 0.1), LabelScores(0.6, 0.4)))
    assert probe.mean == LabelScores(pytest.approx(0.4), pytest.approx(0.2))
    assert probe.spread == LabelScores(pytest.approx(0.2), pytest.approx(math.sqrt(0.03)))
    assert math.isnan(LabelProbe(0.9, (LabelScores(0.2, 0.1),)).spread.micro_f1)


def test_random_vectors_know_less_than_telling_ones() -> None:
    vectors, has = _random(3, nodes=200)
    noise = np.random.default_rng(0).standard_normal((200, 3)).astype(np.float32)
    told, untold = (label_probe(v, _labels(has), splits=5).mean.micro_f1 for v in (vectors, noise))
    assert told > untold + 0.05


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, math.nan])
def test_impossible_shares_are_refused(share: float) -> None:
    with pytest.raises(DataError, match="cannot be split"):
        label_probe(np.zeros((3, 1), np.float32), _labels(np.ones((3, 1), bool)), train_share=share)


def test_what_does_not_fit_is_refused() -> None:
    labels = _labels(np.ones((3, 1), bool))
    with pytest.raises(DataError, match="1 labelled nodes"):
        label_probe(np.zeros((1, 1), np.float32), _labels(np.ones((1, 1), bool)))
    with pytest.raises(DataError, match="0 times"):
        label_probe(np.zeros((3, 1), np.float32), labels, splits=0)
    with pytest.raises(DataError, match="do not fit"):
        label_probe(np.zeros((4, 1), np.float32), labels)
    with pytest.raises(DataError, match="NaN or infinity"):
        label_probe(np.full((3, 1), np.nan, np.float32), labels)
