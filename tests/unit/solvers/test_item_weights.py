"""Vectors of item weights against the scores themselves, and against a dense SVD of them."""

import numpy as np
import pytest

from embedding_features.arrays import F64
from embedding_features.evaluate.baselines import EASE, GFCF, ItemBaseline, ItemKNN
from embedding_features.graph import CSR
from embedding_features.solvers import item_weights
from embedding_features.solvers.item_weights import ItemWeights
from tests.graph_views import matrix_view, sides

BASELINES = (EASE(regularization=3), ItemKNN(neighbours=5, shrinkage=1.0), GFCF(components=4))


def matrix(shape: tuple[int, int]) -> CSR:
    """Users have mostly items of their own block, of four."""
    same = np.arange(shape[0])[:, None] % 4 == np.arange(shape[1]) % 4
    has = np.random.default_rng(0).random(shape) < np.where(same, 0.5, 0.05)
    return CSR.from_edges(*np.nonzero(has), shape)


def scores(baseline: ItemBaseline, csr: CSR) -> F64:
    return baseline.fit(csr).scores(np.arange(csr.rows)).astype(np.float64)


@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("shape", [(30, 20), (20, 30)])
def test_the_full_rank_gives_the_scores_and_a_smaller_one_the_nearest(
    baseline: ItemBaseline, shape: tuple[int, int]
) -> None:
    csr = matrix(shape)
    wanted = scores(baseline, csr)
    users, items = sides(ItemWeights(dim=40, baseline=baseline), matrix_view(csr))
    np.testing.assert_allclose(users @ items.T, wanted, atol=1e-4)
    users, items = sides(ItemWeights(dim=4, baseline=baseline), matrix_view(csr))
    u, s, vt = np.linalg.svd(wanted)
    np.testing.assert_allclose(users @ items.T, u[:, :4] * s[:4] @ vt[:4], atol=1e-4)
    assert users.dtype == items.dtype == np.float32
    assert (items[np.abs(items).argmax(axis=0), np.arange(4)] > 0).all()


@pytest.mark.parametrize("baseline", BASELINES)
def test_iteration_finds_the_leading_components(
    baseline: ItemBaseline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(item_weights, "EXACT", 0)
    csr = matrix((200, 120))
    u, s, vt = np.linalg.svd(scores(baseline, csr))
    users, items = sides(ItemWeights(dim=4, baseline=baseline, iterations=12), matrix_view(csr), seed=1)
    np.testing.assert_allclose(users @ items.T, u[:, :4] * s[:4] @ vt[:4], atol=2e-3 * s[0])


def test_a_user_is_the_sum_of_the_vectors_of_its_items() -> None:
    csr = matrix((30, 20))
    found = ItemWeights(dim=6, baseline=BASELINES[0]).fit(matrix_view(csr))
    design = found.fold_ins["user"].design
    for user in range(csr.rows):
        own = csr.indices[csr.indptr[user] : csr.indptr[user + 1]]
        np.testing.assert_allclose(found.vectors["user"][user], design[own].sum(axis=0), atol=1e-5)
