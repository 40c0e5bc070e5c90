"""Variational factorization: each update is the posterior by plain algebra, and the bound never falls."""

import math

import numpy as np
import pytest

from embedding_features.graph import CSR, Relation
from embedding_features.graph.propagation import balanced_chunks
from embedding_features.graph.view import GraphView
from embedding_features.solvers.base import Before, Start
from embedding_features.solvers.vbmf import VBMF
from embedding_features.solvers.vbmf.posteriors import expected_products, update_posteriors
from embedding_features.solvers.vbmf.side import Side
from tests.graph_views import matrix_view, sides

DIM = 5


def view_of(values: np.ndarray, known: np.ndarray, *attributes: Relation) -> GraphView:
    """A view of a matrix [users, items] where it is known."""
    users, items = np.nonzero(known)
    forward = CSR.from_edges(users, items, known.shape, weight=values[known].astype(np.float32))
    return matrix_view(forward, *attributes, name="rated")


def kinds(kind: np.ndarray) -> Relation:
    """Items described by their kind."""
    return Relation.from_edges("described", "item", "kind", np.arange(len(kind)), kind, (len(kind), 2))


@pytest.fixture
def side():
    """Random edges, prior and other side of nine rows."""
    rng = np.random.default_rng(0)
    pairs = np.sort(rng.choice(9 * 7, 25, replace=False))
    matrix = CSR.from_edges(pairs // 7, pairs % 7, (9, 7))
    other = rng.normal(size=(7, DIM))
    roots = rng.normal(0, 0.3, (7, DIM, DIM))
    covariance = roots @ roots.transpose(0, 2, 1)
    return matrix, rng.normal(size=25), other, covariance, rng.uniform(0.5, 3, DIM), rng.normal(size=(9, DIM))


@pytest.mark.parametrize("known", [0, 1])
def test_a_posterior_is_what_plain_algebra_says(side, known):
    matrix, target, other, other_covariance, precision, prior_mean = side
    prior_mean[:, known], noise = 1, 0.7
    mean, covariance = np.zeros((9, DIM)), np.zeros((9, DIM, DIM))
    bounds = balanced_chunks(matrix)
    update_posteriors(
        matrix.indptr, matrix.indices, target, other, other_covariance, noise, np.diag(precision), prior_mean,
        known, bounds, mean, covariance,
    )  # fmt: skip
    free = [k for k in range(DIM) if k != known]
    for row in range(9):
        edges = range(matrix.indptr[row], matrix.indptr[row + 1])
        total, linear = np.diag(precision), precision * prior_mean[row]
        for edge in edges:
            v = other[matrix.indices[edge]]
            moment = np.outer(v, v) + other_covariance[matrix.indices[edge]]
            total = total + moment / noise
            linear = linear + (target[edge] * v - moment[:, known]) / noise
        expected = np.linalg.inv(total[np.ix_(free, free)])
        np.testing.assert_allclose(covariance[row][np.ix_(free, free)], expected, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(mean[row, free], expected @ linear[free], rtol=1e-9, atol=1e-12)
        assert mean[row, known] == 1
        assert not covariance[row, known].any()
        assert not covariance[row, :, known].any()


def test_expected_products_are_those_of_independent_normals(side):
    matrix, _, other, other_covariance, _, mean = side
    covariance = np.einsum("rab,rcb->rac", *[np.random.default_rng(1).normal(0, 0.4, (9, DIM, DIM))] * 2)
    out = np.empty((25, 2))
    expected_products(
        matrix.indptr, matrix.indices, mean, covariance, other, other_covariance, balanced_chunks(matrix), out
    )
    for edge, (row, column) in enumerate(zip(matrix.sources(), matrix.indices, strict=True)):
        u, v = mean[row], other[column]
        variance = (
            u @ other_covariance[column] @ u
            + v @ covariance[row] @ v
            + np.trace(covariance[row] @ other_covariance[column])
        )
        np.testing.assert_allclose(out[edge], [u @ v, (u @ v) ** 2 + variance], rtol=1e-9)


def bound(users: Side, items: Side, target: np.ndarray, noise: float) -> float:
    """The evidence lower bound up to a constant: E log p(y, U, V) − E log q(U, V)."""
    moments = np.empty((len(target), 2))
    matrix = users.matrix
    expected_products(
        matrix.indptr, matrix.indices, users.mean, users.covariance, items.mean, items.covariance,
        users.bounds, moments,
    )  # fmt: skip
    error = np.sum(target**2 - 2 * target * moments[:, 0] + moments[:, 1])
    total = -0.5 * len(target) * math.log(noise) - 0.5 * error / noise
    for side in (users, items):
        free = np.arange(side.mean.shape[1]) != side.known
        precision = side.precision[free]
        deviation = (side.mean - side.prior_mean)[:, free] ** 2
        spread = np.einsum("ndd->nd", side.covariance)[:, free]
        own = np.linalg.slogdet(side.covariance[:, free][:, :, free])[1]
        rows = 0.5 * np.log(precision).sum() - 0.5 * ((deviation + spread) @ precision) + 0.5 * own
        total += rows[side.seen].sum()
    return float(total)


def test_the_bound_never_falls():
    """Neither by an update of a side nor by an estimate of the priors and the noise."""
    rng = np.random.default_rng(2)
    view = view_of(rng.normal(size=(30, 20)), rng.random((30, 20)) < 0.4)
    solver = VBMF(dim=5)
    users, items = solver._start(view, 0, 0.0, None)
    target = view.matrix().forward.weights().astype(np.float64)
    by_item = target[np.argsort(view.matrix().forward.indices, kind="stable")]
    noise, reached = 1.0, -math.inf
    for _ in range(15):
        steps = []
        users.update(target, items, noise)
        if np.isfinite(reached):
            steps.append(bound(users, items, target, noise))
        items.update(by_item, users, noise)
        steps.append(bound(users, items, target, noise))
        noise = solver._estimate(users, items, target)
        steps.append(bound(users, items, target, noise))
        for step in steps:
            assert step >= reached - 1e-8 * abs(step)
            reached = step


def test_dimensions_that_explain_nothing_fade():
    """Of six factors on a matrix of rank two, two are large, and two are gone."""
    rng = np.random.default_rng(3)
    values = rng.normal(size=(150, 2)) @ rng.normal(size=(2, 120)) + rng.normal(0, 0.1, (150, 120))
    view = view_of(values, rng.random((150, 120)) < 0.5)
    _, items = sides(VBMF(dim=8, sweeps=60), view)
    size = np.linalg.svd(items[:, 2:], compute_uv=False)
    assert size[1] > 0.3 * size[0]
    assert size[2] < 0.1 * size[0]
    assert (size[-2:] < 1e-6 * size[0]).all()


def test_scores_are_the_values_that_were_planted():
    """Biases and factors: unknown pairs are predicted almost to the noise."""
    rng = np.random.default_rng(4)
    bias, level = rng.normal(0, 0.5, 150)[:, None] + rng.normal(0, 0.5, 120), 3.5
    values = level + bias + rng.normal(size=(150, 2)) @ rng.normal(0, 0.7, (2, 120))
    known = rng.random((150, 120)) < 0.4
    users, items = sides(VBMF(dim=6, sweeps=60), view_of(values + rng.normal(0, 0.2, known.shape), known))
    error = (users @ items.T - values)[~known]
    assert np.sqrt(np.mean(error**2)) < 0.12
    assert (users[:, 0] == 1).all()
    assert (items[:, 1] == 1).all()


def test_equal_values_are_predicted_as_they_are():
    known = np.random.default_rng(5).random((12, 9)) < 0.7
    users, items = sides(VBMF(dim=4), view_of(np.full((12, 9), 4.0), known))
    np.testing.assert_allclose(users @ items.T, 4.0, atol=1e-3)


def test_an_item_of_few_ratings_has_the_mean_of_its_attribute():
    """Two kinds of items, one a star better: an item without any rating is predicted by its kind."""
    rng = np.random.default_rng(6)
    kind = np.arange(80) % 2
    known = rng.random((200, 80)) < 0.3
    known[:, :4] = False
    plain = view_of(3 + kind + rng.normal(0, 0.5, (200, 80)), known)
    users, items = sides(VBMF(dim=4), matrix_view(plain.matrix().forward, kinds(kind)))
    of_cold = (users @ items[:4].T).mean(axis=0)
    np.testing.assert_allclose(of_cold, [3, 4, 3, 4], atol=0.15)
    users, items = sides(VBMF(dim=4), plain)
    np.testing.assert_allclose((users @ items[:4].T).mean(axis=0), 3.5, atol=0.1)


def test_a_start_from_an_earlier_fit_ends_where_a_cold_one_does():
    """A third of the sweeps, on a matrix that has grown a little."""
    rng = np.random.default_rng(7)
    values = 3 + rng.normal(size=(150, 2)) @ rng.normal(0, 0.7, (2, 120)) + rng.normal(0, 0.2, (150, 120))
    known = rng.random((150, 120)) < 0.4
    earlier = VBMF(dim=6, sweeps=60).fit(view_of(values, known & (rng.random(known.shape) < 0.9)))
    start = Start(
        {
            node_type: Before(np.arange(len(vectors)), vectors, fold_in=earlier.fold_ins[node_type])
            for node_type, vectors in earlier.vectors.items()
        }
    )
    view = view_of(values, known)
    few, many = VBMF(dim=6, sweeps=8), VBMF(dim=6, sweeps=60)
    target = sides(many, view)
    errors = [
        np.abs(users @ items.T - target[0] @ target[1].T).mean()
        for users, items in (sides(few, view, start=start), sides(few, view))
    ]
    assert errors[0] < 0.02
    assert errors[0] < errors[1] / 3


def test_a_node_of_attributes_alone_has_the_vector_of_its_prior():
    rng = np.random.default_rng(8)
    kind = np.arange(40) % 2
    known = rng.random((60, 40)) < 0.4
    known[:, :2] = False
    plain = view_of(3 + kind + rng.normal(0, 0.5, (60, 40)), known)
    described = matrix_view(plain.matrix().forward, kinds(kind))
    assert VBMF(dim=4).fit(described).known["item"].all()
    posteriors = VBMF(dim=4).infer(described)
    np.testing.assert_array_equal(posteriors.items.mean[:2], posteriors.items.prior_mean[:2])
    np.testing.assert_allclose(
        np.diag(posteriors.items.covariance[0])[[0, 2, 3]], 1 / posteriors.items.precision[[0, 2, 3]]
    )
    assert not VBMF(dim=4).fit(plain).known["item"][:2].any()
