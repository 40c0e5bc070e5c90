"""The spectral solver against a dense SVD, by hand, and on degenerate matrices."""

from datetime import UTC, datetime

import numpy as np
import pytest

from embedding_features.arrays import F32, F64, I64
from embedding_features.errors import GraphError
from embedding_features.graph import Graph, Relation, Vocabulary
from embedding_features.graph.view import GraphView, View
from embedding_features.solvers import spectral
from embedding_features.solvers.orthonormal import orthonormalize
from embedding_features.solvers.spectral import Spectral
from tests.graph_views import sides


def _view(src: I64, dst: I64, shape: tuple[int, int], weight: F32 | None = None) -> GraphView:
    relation = Relation.from_edges("likes", "user", "item", src, dst, shape, weight)
    ids = {t: Vocabulary.from_ids(np.arange(n)) for t, n in zip(("user", "item"), shape, strict=True)}
    graph = Graph(datetime(2026, 1, 1, tzinfo=UTC), ids, {"likes": relation})
    return View(nodes="all").build(graph)


def _blocks(shape: tuple[int, int], blocks: int, seed: int = 0) -> GraphView:
    """Users like mostly items of their own block: ``blocks`` clear components, then noise; no empty rows."""
    rng = np.random.default_rng(seed)
    chance = np.where(np.arange(shape[0])[:, None] % blocks == np.arange(shape[1]) % blocks, 0.4, 0.02)
    edges = rng.random(shape) < chance * np.linspace(0.5, 1, shape[1])
    longest = np.arange(max(shape))
    edges[longest % shape[0], longest % shape[1]] = True
    src, dst = np.nonzero(edges)
    return _view(src, dst, shape, rng.integers(1, 4, len(src)).astype(np.float32))


def _dense(view: GraphView) -> F64:
    out = np.zeros((view.matrix().forward.rows, view.matrix().forward.columns))
    np.add.at(
        out, (view.matrix().forward.sources(), view.matrix().forward.indices), view.matrix().forward.weights()
    )
    return out


def _reference(view: GraphView, dim: int, b: float, p: float) -> tuple[F64, F64]:
    """The formula, by LAPACK's dense SVD, for a matrix without empty rows or columns."""
    r = _dense(view)
    items = r.sum(axis=0) / r.sum(axis=0).mean()
    u, s, vt = np.linalg.svd(r / np.sqrt(r.sum(axis=1, keepdims=True)) / items**b, full_matrices=False)
    u, s, v = u[:, :dim] * len(u) ** 0.5, s[:dim] / s[0], vt[:dim].T * vt.shape[1] ** 0.5
    v = v * items[:, None] ** b
    sign = np.sign(v[np.abs(v).argmax(axis=0), np.arange(v.shape[1])])
    return u * s**p * sign, v * sign


def test_golden() -> None:
    """R = all ones, 2 × 2: one component, every entry 1; the rest of the dim is zero."""
    view = _view(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), (2, 2))
    user, item = sides(Spectral(dim=3, item_exponent=0.3, spectrum_exponent=2), view)
    for vectors in (user, item):
        np.testing.assert_allclose(vectors, [[1, 0, 0], [1, 0, 0]], atol=1e-6)
        assert vectors.dtype == np.float32


@pytest.mark.parametrize("shape", [(60, 40), (40, 60)])
@pytest.mark.parametrize(("b", "p"), [(0.0, 1.0), (0.4, 0.5), (0.5, 2.0)])
def test_small_graphs_are_decomposed_exactly(shape: tuple[int, int], b: float, p: float) -> None:
    view = _blocks(shape, 4)
    got = sides(Spectral(dim=12, item_exponent=b, spectrum_exponent=p), view)
    for vectors, wanted in zip(got, _reference(view, 12, b, p), strict=True):
        np.testing.assert_allclose(vectors, wanted, atol=1e-4)


def test_randomized_iteration_finds_the_leading_components(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spectral, "EXACT", 0)
    view = _blocks((400, 300), 6)
    got = sides(Spectral(dim=6, iterations=6, oversampling=10), view)
    for vectors, wanted in zip(got, _reference(view, 6, 0.4, 1.0), strict=True):
        # block components are nearly equal in strength and may mix: compare the spaces they span
        overlap = np.linalg.svd(np.linalg.qr(vectors)[0].T @ np.linalg.qr(wanted)[0])[1]
        assert overlap.min() > 0.999
    user, item = _reference(view, 6, 0.4, 1.0)
    np.testing.assert_allclose(
        got[0] @ got[1].T, user @ item.T, atol=0.02 * float(np.abs(user @ item.T).max())
    )


@pytest.mark.parametrize("exact", [0, 1024])
@pytest.mark.parametrize("dim", [25, 40, 64])
def test_dim_beyond_the_shape_reconstructs_the_matrix(
    monkeypatch: pytest.MonkeyPatch, exact: int, dim: int
) -> None:
    """With every component and p = 1 the product is D_u^-½ R, whatever b."""
    monkeypatch.setattr(spectral, "EXACT", exact)
    view = _blocks((40, 25), 3)
    user, item = sides(Spectral(dim=dim, item_exponent=0.3), view)
    assert user.shape == (40, dim)
    assert item.shape == (25, dim)
    r = _dense(view)
    wanted = r / np.sqrt(r.sum(axis=1, keepdims=True))
    got = user @ item.T
    np.testing.assert_allclose(got / np.linalg.norm(got), wanted / np.linalg.norm(wanted), atol=1e-4)


def test_dependent_columns_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rank 3 in a randomized basis of 20: three components found, the rest exactly zero."""
    monkeypatch.setattr(spectral, "EXACT", 0)
    users, items = np.meshgrid(np.arange(90), np.arange(60), indexing="ij")
    src, dst = np.nonzero(users % 3 == items % 3)
    view = _view(src, dst, (90, 60))
    user, item = sides(Spectral(dim=20), view)
    assert np.count_nonzero(np.abs(user).sum(axis=0)) == 3
    same = (np.arange(90)[:, None] % 3 == np.arange(60) % 3).astype(float)
    np.testing.assert_allclose(user @ item.T / (user @ item.T).max(), same, atol=1e-3)


def test_nodes_without_edges_are_zero_and_change_nothing() -> None:
    view = _blocks((40, 25), 3)
    f = view.matrix().forward
    wider = _view(f.sources().astype(np.int64), f.indices.astype(np.int64) + 2, (43, 30), f.weights())
    user, item = sides(Spectral(dim=8), view)
    wide_user, wide_item = sides(Spectral(dim=8), wider)
    assert not wide_user[40:].any()
    assert not wide_item[[0, 1, 27, 28, 29]].any()
    np.testing.assert_allclose(wide_user[:40], user, atol=1e-4)
    np.testing.assert_allclose(wide_item[2:27], item, atol=1e-4)


def test_the_seed_decides_and_signs_are_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spectral, "EXACT", 0)
    view = _blocks((200, 150), 3)
    one, again, other = (sides(Spectral(dim=3, iterations=8), view, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one[1], again[1])
    assert not np.array_equal(one[1], other[1])
    peaks = other[1][np.abs(other[1]).argmax(axis=0), np.arange(3)]
    assert (peaks > 0).all()


@pytest.mark.parametrize("weight", [[-1.0, 1, 1], [0.0, 0, 0]])
def test_weights_without_a_sum_are_refused(weight: list[float]) -> None:
    view = _view(np.arange(3), np.arange(3), (3, 3), np.array(weight, np.float32))
    with pytest.raises(GraphError, match="weights that are not negative"):
        sides(Spectral(), view)


def test_orthonormalize_keeps_the_span() -> None:
    y = np.random.default_rng(0).standard_normal((200, 30)).astype(np.float32)
    q = orthonormalize(y * np.geomspace(1, 0.05, 30, dtype=np.float32))
    np.testing.assert_allclose(q.T @ q, np.eye(30), atol=1e-4)
    np.testing.assert_allclose(q @ (q.T @ y), y, atol=1e-3)


def test_orthonormalize_drops_dependent_columns() -> None:
    y = np.random.default_rng(0).standard_normal((200, 10)).astype(np.float32)
    q = orthonormalize(np.concatenate([y, y[:, :4] @ np.ones((4, 5), np.float32)], axis=1))
    assert q.shape == (200, 10)
    np.testing.assert_allclose(q.T @ q, np.eye(10), atol=1e-4)
    assert orthonormalize(np.zeros((5, 3), np.float32)).shape == (5, 0)
