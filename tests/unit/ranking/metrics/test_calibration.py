"""Isotonic calibration and its error, against sklearn and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from embedding_features.errors import DataError
from ranking.metrics.calibration import Calibration, fit_isotonic
from ranking.metrics.reliability import reliability
from ranking.report.plots import reliability as plot


def f32(values):
    return np.array(values, np.float32)


rows = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 40)), min_size=2, max_size=60).filter(
    lambda pairs: len({label for label, _ in pairs}) == 2
)


@given(rows, st.lists(st.floats(0, 1, width=32), max_size=20))
@settings(max_examples=60, deadline=None)
def test_is_that_of_sklearn(pairs, others):
    """At the fitted scores, between and beyond them, ties included; shares of 0 and 1 are kept off both."""
    label, score = f32([y for y, _ in pairs]), f32([s / 40 for _, s in pairs])
    least = 1 / (len(pairs) + 2)
    oracle = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip").fit(score, label)
    asked = np.concatenate([score, f32(others)])
    fitted = fit_isotonic(label, score)
    np.testing.assert_allclose(fitted.apply(asked), oracle.predict(asked), atol=1e-6)


def test_by_hand():
    """.2 (one) and .3 (zero) violate the order and are pooled; equal scores are one point."""
    fitted = fit_isotonic(f32([0, 1, 0, 1, 1, 0, 1]), f32([0.1, 0.2, 0.3, 0.6, 0.6, 0.6, 0.9]))
    expected = [(0.1, 1 / 9), (0.2, 0.5), (0.3, 0.5), (0.6, 2 / 3), (0.9, 8 / 9)]
    np.testing.assert_allclose(fitted.knots, expected, atol=1e-7)
    np.testing.assert_allclose(
        fitted.apply(f32([0, 0.25, 0.45, 1])), [1 / 9, 0.5, 0.5 + 1 / 12, 8 / 9], atol=1e-6
    )


def test_survives_json_to_the_last_bit():
    rng = np.random.default_rng(0)
    score = rng.random(2000, np.float32)
    fitted = fit_isotonic(f32(rng.random(2000) < score**2), score)
    again = Calibration.model_validate_json(fitted.model_dump_json())
    asked = rng.random(500, np.float32)
    np.testing.assert_array_equal(again.apply(asked), fitted.apply(asked))
    assert fitted.apply(asked).dtype == np.float32


def test_mends_a_bent_score():
    """Labels drawn with chance s² from scores s: the error falls to that of chance, the order stays."""
    rng = np.random.default_rng(1)
    score = rng.random(40_000, np.float32)
    label = f32(rng.random(40_000) < score**2)
    half = slice(20_000), slice(20_000, None)
    fitted = fit_isotonic(label[half[0]], score[half[0]])
    mended = fitted.apply(score[half[1]])
    # ∫ |s² − s| = 1/6
    assert reliability(label[half[1]], score[half[1]]).ece == pytest.approx(1 / 6, abs=0.01)
    assert reliability(label[half[1]], mended).ece < 0.015
    order = np.argsort(score[half[1]])
    assert (np.diff(mended[order]) >= 0).all()


def test_reliability_by_hand():
    """Two bins of two rows: |.2 − 0| and |.7 − 1|, half each; a tie is never parted."""
    curve = reliability(f32([0, 0, 1, 1]), f32([0.1, 0.3, 0.6, 0.8]), bins=2)
    np.testing.assert_allclose(curve.score, [0.2, 0.7], atol=1e-6)
    assert curve.share.tolist() == [0, 1]
    assert curve.count.tolist() == [2, 2]
    assert curve.ece == pytest.approx(0.25)
    alike = reliability(f32([0, 1, 1, 1]), f32([0.5] * 4), bins=3)
    assert alike.count.tolist() == [4]
    assert alike.ece == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("label", "score", "says"),
    [
        ([0, 2], [0.1, 0.2], "labels such as 2"),
        ([0, 1], [0.1, 1.2], r"from 0\.1 to 1\.2"),
        ([0, 1], [0.1, float("nan")], "scores from"),
        ([0, 1], [0.1], "beside scores of shape"),
        ([], [], "beside scores of shape"),
        ([1, 1], [0.1, 0.2], "all 2 labels to calibrate on are 1"),
    ],
)
def test_what_cannot_be_calibrated(label, score, says):
    with pytest.raises(DataError, match=says):
        fit_isotonic(f32(label), f32(score))


@pytest.mark.parametrize(
    "knots", [[], [(0.2, 0.1), (0.1, 0.2)], [(0.1, 0.3), (0.2, 0.2)], [(0.1, 0.3), (0.1, 0.4)], [(0.5, 1.5)]]
)
def test_knots_ascend(knots):
    with pytest.raises(ValueError, match="knot"):
        Calibration(knots=knots)


def test_plot_says_the_error_of_each_curve():
    rng = np.random.default_rng(2)
    score = rng.random(500, np.float32)
    raw = reliability(f32(rng.random(500) < score**2), score)
    svg = str(plot({"raw": raw, "calibrated <b>": raw}, "reliability-0"))
    assert f"raw, ECE {raw.ece:.4f}" in svg
    assert "<b>" not in svg
    assert str(plot({"raw": raw, "calibrated <b>": raw}, "reliability-0")) == svg
