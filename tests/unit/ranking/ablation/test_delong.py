"""DeLong's test: by hand, by its definition, against the bootstrap, and what must not change it."""

from collections.abc import Mapping

import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import t as student

from embedding_features.arrays import F32, F64
from embedding_features.errors import DataError
from ranking.ablation.bootstrap import bootstrap
from ranking.ablation.cells import Estimate
from ranking.ablation.delong import DeLong, delong
from ranking.metrics.replicates import ScoredRows, UndefinedMetricError
from ranking.metrics.statistics import auc_statistic, rows_of

ALPHA = 0.05


def compare(rows: ScoredRows, **scores: F32) -> dict[str, DeLong]:
    """The first is the baseline; scores [n] are of one seed."""
    variants = {name: np.atleast_2d(score).astype(np.float32) for name, score in scores.items()}
    return delong(rows, variants, next(iter(scores)), ALPHA)


def logit_error(figure: Estimate, freedom: float) -> float:
    """The standard error behind an interval of AUC."""
    reach = float(logit(figure.high) - logit(figure.low)) / 2
    return reach / float(student.isf(ALPHA / 2, freedom)) * figure.value * (1 - figure.value)


def made(seed: int, users: int = 40, tied: bool = True) -> tuple[ScoredRows, dict[str, F32]]:
    """Rows of users, 1–9 each, and three scores that know the label and the user, many of them equal."""
    rng = np.random.default_rng([41, seed])
    user = np.repeat(np.arange(users), rng.integers(1, 10, users))
    taste = rng.normal(size=users)[user]
    label = taste + rng.normal(size=user.size) > 0.3
    scores = {
        name: label * rng.uniform(0.3, 1) + 0.5 * taste + rng.normal(size=user.size)
        for name in ("a", "b", "c")
    }
    rounded = {name: (score.round(1) if tied else score).astype(np.float32) for name, score in scores.items()}
    return rows_of(label, user), rounded


def naive(rows: ScoredRows, score: F32) -> tuple[float, F64]:
    """AUC and each user's summed deviation over it, from all pairs; Bell and McCaffrey's factor by loops."""
    positive, negative = (np.flatnonzero(rows.label == value) for value in (1, 0))
    wins = np.array(
        [[(score[i] > score[j]) + 0.5 * (score[i] == score[j]) for j in negative] for i in positive]
    )
    auc, by_user = wins.mean(), np.zeros(rows.users)
    for component, at in ((wins.mean(axis=1), positive), (wins.mean(axis=0), negative)):
        for user in range(rows.users):
            mine = rows.user[at] == user
            by_user[user] += (component[mine] - auc).sum() / at.size / (1 - mine.mean()) ** 0.5
    return float(auc), by_user


def naive_freedom(rows: ScoredRows) -> float:
    """One less than Kish's effective number of users, a row weighing one over its class's rows squared."""
    size = {value: np.count_nonzero(rows.label == value) for value in (1, 0)}
    weight = [
        sum(1 / size[int(value)] ** 2 for value in rows.label[rows.user == user])
        for user in range(rows.users)
    ]
    return sum(weight) ** 2 / sum(w * w for w in weight) - 1


def test_golden_one_row_a_user() -> None:
    """Components 1, 1, 1/2 of positives and 2/3, 5/6, 1 of negatives: variance 1/12 / 3 + 1/36 / 3."""
    rows = rows_of(np.array([1, 1, 1, 0, 0, 0]), np.arange(6))
    figure = compare(rows, a=np.array([0.9, 0.6, 0.4, 0.5, 0.4, 0.2]))["a"].figure
    assert figure.value == pytest.approx(2.5 / 3)
    assert logit_error(figure, freedom=5) == pytest.approx((1 / 36 + 1 / 108) ** 0.5)


def test_golden_two_rows_a_user() -> None:
    """The same rows, a positive and a negative a user: deviations add to 0, 1/18, -1/18; a third each."""
    rows = rows_of(np.array([1, 1, 1, 0, 0, 0]), np.array([0, 1, 2, 0, 1, 2]))
    figure = compare(rows, a=np.array([0.9, 0.6, 0.4, 0.5, 0.4, 0.2]))["a"].figure
    assert logit_error(figure, freedom=2) == pytest.approx((2 / 18**2 * 3 / 2) ** 0.5)


@pytest.mark.parametrize("seed", range(5))
def test_is_its_definition(seed: int) -> None:
    """AUC, variance, interval and p of all pairs, with ties and users of any size."""
    rows, scores = made(seed)
    found, freedom = compare(rows, **scores), naive_freedom(rows)
    base_auc, base = naive(rows, scores["a"])
    for name, score in scores.items():
        auc, by_user = naive(rows, score)
        assert found[name].figure.value == pytest.approx(auc)
        assert logit_error(found[name].figure, freedom) == pytest.approx(np.sum(by_user**2) ** 0.5)
        change = found[name].difference
        if change is None:
            assert name == "a"
            continue
        error = np.sum((by_user - base) ** 2) ** 0.5
        reach = student.isf(ALPHA / 2, freedom) * error
        expected = (auc - base_auc, auc - base_auc - reach, auc - base_auc + reach)
        assert (change.value, change.low, change.high) == pytest.approx(expected)
        assert change.p == pytest.approx(2 * student.sf(abs(change.value) / error, freedom))


def test_one_row_a_user_is_the_textbook_form() -> None:
    """DeLong, DeLong & Clarke-Pearson: the contrast of covariances of components, s10 / m + s01 / n."""
    rng = np.random.default_rng(7)
    label = rng.random(300) < 0.2
    scores = {name: (label + rng.normal(size=300)).astype(np.float32).round(1) for name in "ab"}
    rows = rows_of(label, np.arange(300))
    components: dict[bool, list[F64]] = {True: [], False: []}
    for score in scores.values():
        pairs = score[label][:, None] - score[~label]
        wins = (pairs > 0) + 0.5 * (pairs == 0)
        components[True].append(wins.mean(axis=1))
        components[False].append(wins.mean(axis=0))
    covariance = sum(np.cov(of) / of[0].size for of in components.values())
    change = compare(rows, **scores)["b"].difference
    assert change is not None
    error = np.array([-1, 1]) @ covariance @ np.array([-1, 1])
    reach = student.isf(ALPHA / 2, naive_freedom(rows)) * error**0.5
    assert (change.high - change.low) / 2 == pytest.approx(reach)


def test_only_the_order_of_scores_counts() -> None:
    rows, scores = made(1)
    ranks = {name: np.unique(score, return_inverse=True)[1] / 1000 for name, score in scores.items()}
    assert compare(rows, **ranks) == compare(rows, **scores)


def test_other_way_round() -> None:
    """Baseline and variant exchanged, and classes and order both turned round."""
    rows, scores = made(2)
    there, back = (compare(rows, **{x: scores[x], y: scores[y]})[y].difference for x, y in ("ab", "ba"))
    assert there is not None
    assert back is not None
    assert (back.value, back.low, back.high) == pytest.approx((-there.value, -there.high, -there.low))
    assert back.p == pytest.approx(there.p)
    turned = compare(rows_of(1 - rows.label, rows.user), **{name: -score for name, score in scores.items()})
    for name, found in compare(rows, **scores).items():
        assert turned[name].figure.model_dump() == pytest.approx(found.figure.model_dump())


def test_a_copy_of_every_row_is_no_news() -> None:
    """Rows of one user are not independent: the interval stays, where rows as users would lose 30 %."""
    rows, scores = made(3)
    twice = rows_of(np.tile(rows.label, 2), np.tile(rows.user, 2))
    doubled = {name: np.tile(score, 2) for name, score in scores.items()}
    for name, found in compare(rows, **scores).items():
        again = compare(twice, **doubled)[name]
        assert again.figure.model_dump() == pytest.approx(found.figure.model_dump())


def test_agrees_with_the_bootstrap() -> None:
    """Standard errors of figures and of differences over 600 users, within 4 % of 4000 replicates'."""
    rows, scores = made(4, users=600, tied=False)
    statistics = {name: [auc_statistic(rows, score)] for name, score in scores.items()}
    samples = bootstrap(statistics, rows.users, 4000, 4)
    found, freedom = compare(rows, **scores), naive_freedom(rows)
    for name in scores:
        expected = samples[name].replicates.std()
        assert logit_error(found[name].figure, freedom) == pytest.approx(expected, rel=0.04)
        if (change := found[name].difference) is not None:
            expected = (samples[name].replicates - samples["a"].replicates).std()
            error = (change.high - change.low) / 2 / student.isf(ALPHA / 2, freedom)
            assert error == pytest.approx(expected, rel=0.04)


def test_seeds_are_averaged() -> None:
    """One score thrice is one seed; of several, AUC is the mean, and the interval that of mean components."""
    rows, scores = made(5)
    runs = np.stack([scores["a"], scores["b"], scores["c"]])
    thrice = compare(rows, a=scores["a"], x=np.stack([scores["b"]] * 3))["x"]
    assert thrice.model_dump() == approx(compare(rows, a=scores["a"], x=scores["b"])["x"].model_dump())
    found = compare(rows, a=runs)["a"].figure
    seeds = [naive(rows, score) for score in runs]
    assert found.value == pytest.approx(np.mean([auc for auc, _ in seeds]))
    error = np.sum(np.mean([by_user for _, by_user in seeds], axis=0) ** 2) ** 0.5
    assert logit_error(found, naive_freedom(rows)) == pytest.approx(error)


def approx(values: Mapping[str, dict[str, float]]) -> dict[str, object]:
    return {name: pytest.approx(part) for name, part in values.items()}


def test_same_scores_are_no_difference() -> None:
    """Also where seeds come in another order, which leaves a rounding error in the sums."""
    rows, scores = made(6)
    runs = np.stack(list(scores.values()))
    for variant in (runs, runs[::-1]):
        change = compare(rows, a=runs, x=variant)["x"].difference
        assert change is not None
        assert change.p == pytest.approx(1, abs=0.01)
        assert (change.value, change.low, change.high) == pytest.approx((0, 0, 0), abs=1e-10)


def test_stays_within_its_bounds() -> None:
    """Three users: intervals are wide, never beyond what AUC or a difference can be."""
    rows = rows_of(np.array([1, 0, 1, 0, 0, 1]), np.array([0, 0, 1, 1, 2, 2]))
    found = compare(rows, a=np.arange(6), b=np.array([9, 1, 8, 2, 7, 6]), c=rows.label)
    assert 0 <= found["a"].figure.low < found["a"].figure.high <= 1
    assert found["b"].difference is not None
    assert found["b"].difference.high == 1.0
    assert (found["c"].figure.low, found["c"].figure.high) == (1.0, 1.0)


def test_users_without_rows_do_not_count() -> None:
    """A slice keeps the codes of all users."""
    rows, scores = made(7)
    inside = rows.user % 2 == 0
    alone = rows_of(rows.label[inside], rows.user[inside])
    halves = {name: score[inside] for name, score in scores.items()}
    assert alone.users < rows.users
    for name, found in compare(rows.where(inside), **halves).items():
        assert found.figure.model_dump() == pytest.approx(compare(alone, **halves)[name].figure.model_dump())


def test_what_has_no_auc_or_no_variance_is_refused() -> None:
    score = np.array([0.1, 0.2, 0.3, 0.4])
    with pytest.raises(UndefinedMetricError, match="of which 0 are positive"):
        compare(rows_of(np.zeros(4), np.arange(4)), a=score)
    with pytest.raises(UndefinedMetricError, match="one class are of one user"):
        compare(rows_of(np.array([1, 1, 0, 0]), np.array([0, 0, 1, 2])), a=score)
    with pytest.raises(DataError, match="NaN"):
        compare(rows_of(np.array([1, 0, 1, 0]), np.arange(4)), a=score, b=np.array([0.1, np.nan, 0.3, 0.4]))
