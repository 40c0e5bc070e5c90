"""MMD and CORAL: by hand, against plain loops, their gradients, and what theory says of them."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.discrepancy import RBFMixture, coral, mmd2_biased, mmd2_linear, mmd2_unbiased
from embedding_features.errors import DataError

ESTIMATES = [mmd2_biased, mmd2_unbiased, mmd2_linear]
every_estimate = pytest.mark.parametrize("estimate", ESTIMATES, ids=lambda f: f.__name__)

#: σ = 1/√2, so that k = exp(−|x − y|²)
UNIT = RBFMixture(torch.tensor([0.5**0.5], dtype=torch.float64))


def column(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]


def sample(seed: int, rows: int, dim: int = 3, shift: float = 0.0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(shift, 1, (rows, dim)))


E = [math.exp(-(d**2)) for d in range(5)]  # k of two numbers d apart

# x = 0, 1 and y = 1, 3: distances 1 within x, 2 within y, and 1, 3, 0, 2 across
GOLDENS = {
    # ½ (1 + e^−1) + ½ (1 + e^−4) − ½ (e^−1 + e^−9 + 1 + e^−4)
    mmd2_biased: (1 + E[1]) / 2 + (1 + E[2]) / 2 - (E[1] + E[3] + E[0] + E[2]) / 2,
    # e^−1 + e^−4 − ½ (…)
    mmd2_unbiased: E[1] + E[2] - (E[1] + E[3] + E[0] + E[2]) / 2,
    # one pair: k(0, 1) + k(1, 3) − k(0, 3) − k(1, 1)
    mmd2_linear: E[1] + E[2] - E[3] - E[0],
}


@every_estimate
def test_golden(estimate):
    assert float(estimate(column(0, 1), column(1, 3), UNIT)) == pytest.approx(GOLDENS[estimate], abs=1e-14)


def test_linear_golden_of_unequal_samples():
    """Two pairs of the four rows of y and the first four of x; x's fifth and sixth row count nothing."""
    x, y = column(0, 1, 2, 2, 50, 60), column(1, 1, 0, 4)
    first = E[1] + E[0] - E[1] - E[0]  # k(0, 1) + k(1, 1) − k(0, 1) − k(1, 1)
    second = E[0] + E[4] - E[2] - E[2]  # k(2, 2) + k(0, 4) − k(2, 4) − k(2, 0)
    assert float(mmd2_linear(x, y, UNIT)) == pytest.approx((first + second) / 2, abs=1e-14)


def test_mixture_golden():
    """The mean over bandwidths, which are multiples of the median distance; of 1, 4, 9, 16 it is 2."""
    kernel = RBFMixture.median(torch.tensor([16.0, 1.0, 4.0, 9.0, 4.0]), factors=(0.5, 2.0))
    assert kernel.bandwidths.tolist() == [1.0, 4.0]
    expected = (math.exp(-9 / 2) + math.exp(-9 / 32)) / 2
    assert float(kernel(torch.tensor(9.0))) == pytest.approx(expected, abs=1e-7)


def test_median_heuristic_of_the_pooled_sample():
    """x = 0, 1 and y = 1, 3: the six distances 0 1 1 2 2 3 have the lower median 1; ¼ … 4 around it."""
    kernel = RBFMixture(torch.tensor([0.25, 0.5, 1, 2, 4], dtype=torch.float64))
    for estimate in (mmd2_biased, mmd2_unbiased):
        assert float(estimate(column(0, 1), column(1, 3))) == float(
            estimate(column(0, 1), column(1, 3), kernel)
        )
    # the linear estimate looks at its own pairs only: 1, 2, 3, 0, whose lower median is 1 as well
    linear = mmd2_linear(column(0, 1), column(1, 3))
    assert float(linear) == float(mmd2_linear(column(0, 1), column(1, 3), kernel))


def naive(estimate, x, y, kernel):
    """Double loops over the formulas, in plain numbers."""

    def k(a, b):
        squared = sum((p - q) ** 2 for p, q in zip(a, b, strict=True))
        widths = kernel.bandwidths.tolist()
        return sum(math.exp(-squared / (2 * s * s)) for s in widths) / len(widths)

    x, y = x.tolist(), y.tolist()
    m, n = len(x), len(y)
    if estimate is mmd2_linear:
        terms = []
        for i in range(0, 2 * (min(m, n) // 2), 2):
            a, b, c, d = x[i], x[i + 1], y[i], y[i + 1]
            terms.append(k(a, b) + k(c, d) - k(a, d) - k(b, c))
        return sum(terms) / len(terms)
    across = 2 * sum(k(a, b) for a in x for b in y) / (m * n)
    if estimate is mmd2_biased:
        within = sum(k(a, b) for a in x for b in x) / m**2 + sum(k(a, b) for a in y for b in y) / n**2
    else:
        within = sum(k(a, b) for a, b in itertools.permutations(x, 2)) / (m * (m - 1))
        within += sum(k(a, b) for a, b in itertools.permutations(y, 2)) / (n * (n - 1))
    return within - across


@every_estimate
@given(st.integers(0, 10**6), st.integers(2, 9), st.integers(2, 9), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_equals_the_formula(estimate, seed, m, n, dim):
    x, y = sample(seed, m, dim), sample(seed + 1, n, dim, shift=0.5)
    kernel = RBFMixture(torch.tensor([0.3, 1.0, 2.5], dtype=torch.float64))
    assert float(estimate(x, y, kernel)) == pytest.approx(naive(estimate, x, y, kernel), abs=1e-12)
    assert float(estimate(y, x, kernel)) == pytest.approx(float(estimate(x, y, kernel)), abs=1e-12)


@every_estimate
def test_gradient(estimate):
    x, y = sample(0, 6).requires_grad_(), sample(1, 5, shift=1.0).requires_grad_()
    kernel = RBFMixture(torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64))
    assert torch.autograd.gradcheck(lambda a, b: estimate(a, b, kernel), (x, y))


def test_coral_golden_and_gradient():
    """Variances 2 and 8 and covariances 2 and −4 of d = 2: (0² + 2 · 6² + 6²) / 16."""
    x = torch.tensor([[0.0, 0.0], [2.0, 2.0]], dtype=torch.float64)  # covariance [[2, 2], [2, 2]]
    y = torch.tensor([[0.0, 4.0], [2.0, 0.0]], dtype=torch.float64)  # covariance [[2, −4], [−4, 8]]
    assert float(coral(x, y)) == pytest.approx((0 + 2 * 36 + 36) / 16, abs=1e-14)
    assert float(coral(x, x + 7)) == pytest.approx(0, abs=1e-25)
    assert torch.autograd.gradcheck(coral, (sample(0, 6).requires_grad_(), sample(1, 5).requires_grad_()))


@every_estimate
def test_bandwidths_have_no_gradient_and_follow_the_scale(estimate):
    """The loss does not change when both samples shrink, so shrinking is no way to lower it."""
    x, y = sample(0, 30), sample(1, 40, shift=0.7)
    assert float(estimate(x, y)) == pytest.approx(float(estimate(x * 1e-3, y * 1e-3)), rel=1e-9)
    moved = x.clone().requires_grad_()
    estimate(moved, y).backward()
    fixed = x.clone().requires_grad_()
    both = torch.cat([x, y])
    if estimate is mmd2_linear:
        ends = ((x[0::2], x[1::2]), (y[0:30:2], y[1:30:2]), (x[0::2], y[1:30:2]), (x[1::2], y[0:30:2]))
        squared = torch.stack([(a - b).square().sum(1) for a, b in ends])
    else:
        squared = torch.pdist(both).square()
    estimate(fixed, y, RBFMixture.median(squared)).backward()
    assert torch.allclose(moved.grad, fixed.grad, rtol=1e-9, atol=1e-12)


def test_zero_for_one_sample_against_itself():
    """Biased and linear are 0; the unbiased one is below 0, for it leaves out the pairs that are equal."""
    x = sample(0, 40)
    assert float(mmd2_biased(x, x)) == pytest.approx(0, abs=1e-12)
    assert float(mmd2_linear(x, x)) == 0
    assert float(mmd2_unbiased(x, x)) < -0.005


def test_equal_distributions_have_mean_zero_but_for_the_biased_one():
    """600 pairs of samples of one normal distribution, each mean within four of its standard errors."""
    kernel = RBFMixture(torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64))
    pairs = [(sample(seed, 12), sample(seed + 10_000, 20)) for seed in range(600)]
    for estimate in ESTIMATES:
        values = np.array([float(estimate(x, y, kernel)) for x, y in pairs])
        error = values.std(ddof=1) / len(values) ** 0.5
        if estimate is mmd2_biased:
            assert values.min() >= 0
            # (1/m + 1/n) (1 − E k), E k the mean kernel value of two independent rows
            expected = np.mean([(1 / 12 + 1 / 20) * (1 - _mean_kernel(*pair, kernel)) for pair in pairs])
            assert values.mean() == pytest.approx(expected, abs=4 * error)
        else:
            assert abs(values.mean()) < 4 * error
            assert (values < 0).mean() > 0.3


def _mean_kernel(x, y, kernel):
    return float(kernel((x[:, None] - y).square().sum(2)).mean())


def test_estimates_agree_on_shifted_normals():
    """E MMD² of N(0, 1) and N(1, 1) under σ = 1: k's mean over N(δ, 2) is 3^−½ exp(−δ²/6)."""
    kernel = RBFMixture(torch.ones(1, dtype=torch.float64))
    exact = 2 * (1 - math.exp(-1 / 6)) / 3**0.5
    x, y = sample(0, 1500, 1), sample(1, 1500, 1, shift=1.0)
    assert float(mmd2_unbiased(x, y, kernel)) == pytest.approx(exact, abs=0.02)
    assert float(mmd2_biased(x, y, kernel)) == pytest.approx(exact, abs=0.02)
    long_x, long_y = sample(2, 200_000, 1), sample(3, 200_000, 1, shift=1.0)
    assert float(mmd2_linear(long_x, long_y, kernel)) == pytest.approx(exact, abs=0.01)


@every_estimate
def test_far_from_the_origin_in_float32(estimate):
    """Vectors around 1,000 keep their distances; and points that are all one give 0 and finite gradients."""
    x, y = sample(0, 50), sample(1, 50, shift=0.7)
    far = estimate((x + 1000).float(), (y + 1000).float())
    assert float(far) == pytest.approx(float(estimate(x, y)), abs=2e-3)
    same = torch.ones(6, 2, requires_grad=True)
    value = estimate(same, torch.ones(4, 2))
    value.backward()
    assert float(value.detach()) == 0
    assert torch.isfinite(same.grad).all()


@every_estimate
def test_samples_that_do_not_compare(estimate):
    with pytest.raises(DataError, match=r"\(3, 2\) and \(3, 4\)"):
        estimate(torch.zeros(3, 2), torch.zeros(3, 4))
    with pytest.raises(DataError, match="0 and 3 rows"):
        estimate(torch.zeros(0, 2), torch.zeros(3, 2))
    with pytest.raises(DataError, match="1 and 3 rows, of which both need 2"):
        coral(torch.zeros(1, 2), torch.zeros(3, 2))
