"""Each baseline's scores against a few lines of dense linear algebra, and by hand."""

import numpy as np
import pytest

import embedding_features.evaluate.baselines.gram_inverse as gram_inverse
from embedding_features.arrays import F64
from embedding_features.errors import TrainingError
from embedding_features.evaluate.baselines import (
    EASE,
    GFCF,
    Baseline,
    ItemBaseline,
    ItemKNN,
    Popular,
    UserKNN,
)
from embedding_features.graph import CSR

WIDE, TALL = (25, 40), (40, 25)


def matrix(shape: tuple[int, int], seed: int = 0) -> CSR:
    """A fifth of the pairs; the second row and the third column are empty."""
    has = np.random.default_rng(seed).random(shape) < 0.2
    has[1], has[:, 2] = False, False
    return CSR.from_edges(*np.nonzero(has), shape)


def dense(csr: CSR) -> F64:
    out = np.zeros((csr.rows, csr.columns))
    out[csr.sources(), csr.indices] = 1
    return out


def all_scores(baseline: Baseline, csr: CSR) -> F64:
    """Scores of the rows in two parts, as an evaluation asks for them."""
    fitted = baseline.fit(csr)
    parts = [fitted.scores(rows) for rows in np.array_split(np.arange(csr.rows), 2)]
    assert all(part.dtype == np.float32 for part in parts)
    return np.concatenate(parts).astype(np.float64)


def cosines(x: F64, count: int, shrinkage: float, idf: bool, alpha: float = 0.5) -> F64:
    """In a row the similarities of its nearest others, first come first among equals, else 0."""
    if idf:
        weighted = x * np.log(len(x) / np.maximum(x.sum(axis=0), 1))
        x = weighted / weighted[x > 0].mean()
    norm = np.linalg.norm(x, axis=1)
    found = np.zeros((len(x), len(x)))
    for row in range(len(x)):
        dots = x @ x[row]
        lengths = norm ** (2 - 2 * alpha) * norm[row] ** (2 * alpha)
        near = np.divide(dots, lengths + shrinkage, out=np.zeros_like(dots), where=dots > 0)
        near[row] = 0
        best = np.argsort(-near, kind="stable")[:count]
        found[row, best] = near[best]
    return found


def test_popular_scores_by_the_number_of_users() -> None:
    csr = CSR.from_edges(np.array([0, 1, 1]), np.array([2, 2, 0]), (2, 3))
    assert Popular().fit(csr).scores(np.array([1, 0, 1])).tolist() == [[1, 0, 2]] * 3


def test_item_neighbours_by_hand() -> None:
    """Items 0 and 1 share a user, √(2·1) + 1 apart; item 2 shares user 1 with item 0."""
    csr = CSR.from_edges(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 2]), (2, 3))
    scores = all_scores(ItemKNN(neighbours=1, shrinkage=1.0, idf=False), csr)
    near = 1 / (2**0.5 + 1)
    np.testing.assert_allclose(scores, [[near, near, near], [0, near, near]], rtol=1e-6)


@pytest.mark.parametrize("shape", [WIDE, TALL])
@pytest.mark.parametrize(("count", "shrinkage", "idf"), [(4, 2.0, False), (3, 0.0, True), (99, 5.0, True)])
def test_neighbours_are_those_of_a_plain_loop(
    shape: tuple[int, int], count: int, shrinkage: float, idf: bool
) -> None:
    csr = matrix(shape)
    x = dense(csr)
    settings = {"neighbours": count, "shrinkage": shrinkage, "idf": idf}
    for alpha in (0.5, 0.3):
        by_items = x @ cosines(x.T, count, shrinkage, idf, alpha).T
        found = all_scores(ItemKNN(**settings, alpha=alpha), csr)
        np.testing.assert_allclose(found, by_items, atol=1e-5)
    by_users = cosines(x, count, shrinkage, idf) @ x
    np.testing.assert_allclose(all_scores(UserKNN(**settings), csr), by_users, atol=1e-5)


@pytest.mark.parametrize("shape", [WIDE, TALL])
def test_ease_is_the_closed_form_of_either_side(shape: tuple[int, int]) -> None:
    csr = matrix(shape)
    x = dense(csr)
    p = np.linalg.inv(x.T @ x + 3 * np.eye(shape[1]))
    b = -p / np.diag(p)
    np.fill_diagonal(b, 0)
    np.testing.assert_allclose(all_scores(EASE(regularization=3), csr), x @ b, atol=1e-5)


def test_ease_by_hand() -> None:
    """XᵀX = [[1, 1], [1, 2]], λ = 1: P = [[3, -1], [-1, 2]] / 5, so B = [[0, 1/2], [1/3, 0]]."""
    csr = CSR.from_edges(np.array([0, 0, 1]), np.array([0, 1, 1]), (2, 2))
    np.testing.assert_allclose(
        all_scores(EASE(regularization=1), csr), [[1 / 3, 1 / 2], [1 / 3, 0]], rtol=1e-5
    )


def test_the_inverse_is_mirrored_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gram_inverse, "_BLOCK", 7)
    x = dense(matrix(WIDE))
    wanted = np.linalg.inv(x @ x.T + 2 * np.eye(len(x)))
    np.testing.assert_allclose(gram_inverse.gram_inverse(matrix(WIDE), 2.0), wanted, atol=1e-6)


def test_memory_that_is_not_there_is_refused_before_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gram_inverse, "available_memory", lambda: 100_000_000)
    monkeypatch.setattr(gram_inverse, "_gram", lambda _: pytest.fail("it was made"))
    with pytest.raises(TrainingError, match=r"25 × 25 matrix needs 0.5 GB of memory, 0.1 GB are available"):
        EASE().fit(matrix(TALL))


def test_a_matrix_singular_in_float32_is_refused() -> None:
    twins = CSR.from_edges(np.array([0, 1]), np.array([0, 0]), (2, 3))
    with pytest.raises(TrainingError, match="is not positive definite in float32"):
        EASE(regularization=1e-12).fit(twins)


def test_memory_is_known_where_the_system_says() -> None:
    available = gram_inverse.available_memory()
    assert available is None or available > 1_000_000


@pytest.mark.parametrize("shape", [WIDE, TALL])
@pytest.mark.parametrize("components", [3, 99])
def test_gf_cf_is_its_two_filters(shape: tuple[int, int], components: int) -> None:
    csr = matrix(shape)
    x = dense(csr)
    users, items = (np.maximum(x.sum(axis=axis), 1) for axis in (1, 0))
    norm = x / np.sqrt(users)[:, None] / np.sqrt(items)
    v = np.linalg.svd(norm, full_matrices=False)[2][:components].T
    b = norm.T @ norm + 0.7 * np.diag(items**-0.5) @ v @ v.T @ np.diag(items**0.5)
    scores = all_scores(GFCF(low_pass=0.7, components=components), csr)
    np.testing.assert_allclose(scores, x @ b, atol=1e-5)


@pytest.mark.parametrize("baseline", [EASE(regularization=3), GFCF(components=3), ItemKNN(neighbours=4)])
@pytest.mark.parametrize("shape", [WIDE, TALL])
def test_an_item_model_multiplies_by_the_weights_that_it_scores_with(
    baseline: ItemBaseline, shape: tuple[int, int]
) -> None:
    csr = matrix(shape)
    b = baseline.fit(csr).times(np.eye(shape[1], dtype=np.float32))
    np.testing.assert_allclose(dense(csr) @ b, all_scores(baseline, csr), atol=1e-5)
    transposed = baseline.fit(csr).transposed_times(np.eye(shape[1], dtype=np.float32))
    np.testing.assert_allclose(transposed, b.T, atol=1e-6)


def test_a_baseline_is_read_back_by_its_kind() -> None:
    for baseline in (EASE(regularization=7), GFCF(), ItemKNN(idf=False), Popular(), UserKNN(neighbours=3)):
        assert Baseline.model_validate(baseline.model_dump()) == baseline
