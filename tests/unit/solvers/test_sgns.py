"""Skip-grams: a step by hand, a whole run beside plain Python, and the matrix that they factorize."""

import numpy as np
import pytest

from embedding_features.arrays import F32, F64, I64
from embedding_features.errors import ConfigError, GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.relation import Relation
from embedding_features.jit import jit
from embedding_features.sampling import Popularity, Uniform
from embedding_features.solvers.sgns import SGNS
from embedding_features.solvers.sgns.descend import descend
from embedding_features.solvers.sgns.noise import draw_targets, noise_of
from embedding_features.solvers.sgns.pair import Model, train_pair
from embedding_features.solvers.sgns.sigmoid import sigmoid, sigmoid_table
from embedding_features.solvers.sgns.start import SkipGram, first_model
from embedding_features.walks import MetapathWalks, UniformWalks
from tests.unit.solvers.naive_sgns import naive_sgns
from tests.unit.walks.graphs import dense, random_graph

pytestmark = pytest.mark.usefixtures("one_thread")


def test_sigmoid() -> None:
    x = np.linspace(-7.99, 7.99, 4001, dtype=np.float32)
    found = np.array([sigmoid(one, sigmoid_table()) for one in x])
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-x.astype(np.float64))), atol=1e-6)
    for value, limit in ((8, 8), (100, 8), (np.inf, 8), (-8, -8), (-1e30, -8), (np.nan, -8)):
        assert sigmoid(np.float32(value), sigmoid_table()) == pytest.approx(
            1 / (1 + np.exp(-limit)), abs=1e-6
        )


def test_a_step_by_hand() -> None:
    """v = (1, 0), c₀ = (0, 2), c₁ = (0, 1): both products are 0, σ = ½, so the gains at rate .1 are ±.05."""
    vectors, contexts = np.array([[9, 9], [1, 0]], np.float32), np.array([[0, 2], [0, 1], [5, 5]], np.float32)
    model, gains = Model(vectors, contexts, sigmoid_table()), np.empty(2, np.float32)
    train_pair(model, 1, np.array([0, 1]), np.float32(0.1), gains)
    np.testing.assert_allclose(vectors, [[9, 9], [1, 0.05 * 2 - 0.05 * 1]], rtol=1e-6)
    np.testing.assert_allclose(contexts, [[0.05, 2], [-0.05, 1], [5, 5]], rtol=1e-6)


def test_a_step_goes_down_the_gradient() -> None:
    rng = np.random.default_rng(0)
    vectors, contexts = rng.standard_normal((2, 6, 7)).astype(np.float32)
    targets, at = np.array([2, 5, 0, 3]), 1e-5

    def loss(v: F64, c: F64) -> float:
        scores = c[targets] @ v[4] * [1, -1, -1, -1]
        return float(np.log1p(np.exp(-scores)).sum())

    def slope(array: int) -> F64:
        found = np.zeros((6, 7))
        for place in np.ndindex(6, 7):
            both = (
                np.stack((vectors, contexts)).astype(np.float64),
                np.stack((vectors, contexts), dtype=float),
            )
            both[0][(array, *place)] += at
            both[1][(array, *place)] -= at
            found[place] = (loss(*both[0]) - loss(*both[1])) / (2 * at)
        return found

    expected = [vectors - 0.5 * slope(0), contexts - 0.5 * slope(1)]
    gains = np.empty(4, np.float32)
    train_pair(Model(vectors, contexts, sigmoid_table()), 4, targets, np.float32(0.5), gains)
    np.testing.assert_allclose(vectors, expected[0], atol=1e-5)
    np.testing.assert_allclose(contexts, expected[1], atol=1e-5)


@jit()
def _descend(vector: F32, contexts: F32, targets: I64, gains: F32, moves: F32) -> None:
    descend(vector, contexts, targets, gains, moves)


@pytest.mark.parametrize("dim", [1, 2, 15, 16, 17, 48, 100])
def test_moves_have_the_bits_of_the_stated_sums(dim: int) -> None:
    rng = np.random.default_rng(dim)
    shapes = (dim, (5, dim), 4, 4)
    vector, contexts, gains, moves = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    targets, moved, total = np.array([3, 1, 3, 0]), contexts.copy(), np.zeros(dim, np.float32)
    for target, gain, move in zip(targets, gains, moves, strict=True):
        total += gain * moved[target]
        moved[target] += move * vector
    after = vector + total
    _descend(vector, contexts, targets, gains, moves)
    assert vector.tobytes() == after.tobytes()
    assert contexts.tobytes() == moved.tobytes()


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("held", [{}, {"l2": 0.3}, {"frozen": 20}, {"l2": 4.0, "frozen": 20}])
def test_a_run_is_that_of_plain_python(seed: int, held: dict[str, float]) -> None:
    """With a start, of which every third row is new, and the first rows of it frozen."""
    graph = random_graph(1, nodes=60, edges=100, directed=True)
    settings = {"dim": 5, "walks_per_node": 4, "window": 3, "learning_rate": 0.2, "l2": held.get("l2", 0)}
    sgns = SGNS(**settings, negatives=Popularity(count=2))
    tables = np.random.default_rng(5).standard_normal((2, 60, 5)).astype(np.float32)
    tables[:, 1::3] = np.nan
    frozen = (np.arange(60) < held.get("frozen", 0)) & (np.arange(60) % 3 != 1)
    start = SkipGram(*tables) if held else None
    walker = UniformWalks(length=9).over(graph)
    expected, pairs = naive_sgns(sgns, walker, seed, start, frozen)
    found = sgns.fit(walker, seed=seed, start=start, frozen=frozen)
    assert found.pairs == pairs
    assert np.abs(found.vectors - first_model(60, 5, seed, start).vectors).max() > 0.1
    np.testing.assert_allclose(found.vectors, expected[0], atol=2e-4)
    np.testing.assert_allclose(found.contexts, expected[1], atol=2e-4)


def netmf(graph: CSR, window: int, negatives: Popularity) -> F64:
    """log(pairs / noise) - log(count) of all pairs (Qiu et al., WSDM 2018), for windows drawn from 1 on."""
    matrix = dense(graph)
    steps, power = matrix / matrix.sum(axis=1, keepdims=True), np.eye(len(matrix))
    near, total = np.zeros_like(matrix), 0.0
    for distance in range(1, window + 1):
        power = power @ steps
        near += (window - distance + 1) * power
        total += window - distance + 1
    noise = negatives.weights(graph.degrees)  # long walks stand at a node in proportion to its edges
    return np.log(near / total / (noise / noise.sum())) - np.log(negatives.count)


def test_inner_products_are_netmfs_matrix() -> None:
    blocks = np.repeat([0, 1], 9)
    rng = np.random.default_rng(3)
    chance = np.where(blocks[:, None] == blocks, 0.6, 0.1)
    src, dst = np.nonzero(np.triu(rng.random((18, 18)) < chance, 1))
    graph = CSR.from_edges(np.concatenate((src, dst)), np.concatenate((dst, src)), (18, 18))
    sgns = SGNS(dim=18, walks_per_node=1500, window=3, negatives=Popularity(count=2), learning_rate=0.05)
    found = sgns.fit(UniformWalks(length=40).over(graph), seed=0)
    products = found.vectors @ found.contexts.T
    expected = netmf(graph, 3, Popularity(count=2))
    assert np.corrcoef(products.ravel(), expected.ravel())[0, 1] > 0.95
    assert np.abs(products - expected).mean() < 0.25


def vectors_of(seed: int, **settings: object) -> F32:
    walker = UniformWalks(length=20).over(random_graph(0, nodes=40, edges=80))
    return SGNS.model_validate({"dim": 8, "walks_per_node": 3, **settings}).fit(walker, seed=seed).vectors


def test_one_thread_is_deterministic_and_seeds_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    first = vectors_of(3)
    np.testing.assert_array_equal(vectors_of(3), first)
    assert np.abs(vectors_of(4) - first).max() > 0.01
    monkeypatch.setattr("embedding_features.solvers.sgns.solver._BATCH", 60)
    np.testing.assert_array_equal(vectors_of(3), first)


def test_negatives_are_drawn_as_stated_from_the_type_of_the_node() -> None:
    spans, counts = np.array([0, 3, 7]), np.array([1, 16, 81, 0, 1, 1, 4])
    for negatives in (Popularity(count=3), Uniform(count=3)):
        noise = noise_of(counts, spans, negatives.table)
        for node, own in ((1, slice(0, 3)), (6, slice(3, 7))):
            drawn, found = draws_for(noise, node), np.zeros(7)
            np.add.at(found, drawn, 1)
            weight = np.zeros(7)
            weight[own] = negatives.weights(counts[own])
            weight[node] = 0
            np.testing.assert_allclose(found / found.sum(), weight / weight.sum(), atol=0.02)


def draws_for(noise: object, node: int) -> I64:
    state, targets, drawn = np.uint64(1), np.empty(4, np.int64), []
    for _ in range(4000):
        count, state = draw_targets(noise, node, np.uint64(state), targets)
        assert targets[0] == node
        drawn.append(targets[1:count].copy())
    return np.concatenate(drawn)


def test_metapaths_keep_types_apart() -> None:
    """Two groups of users who bought items of their own: users are near to those of their group alone."""
    src, dst = np.divmod(np.arange(200), 10)
    kept = (src < 10) == (dst < 5)
    bought = Relation.from_edges("bought", "user", "item", src[kept], dst[kept], (20, 10))
    walker = MetapathWalks(path=("bought", "~bought"), length=20).over({"bought": bought})
    found = SGNS(dim=8, walks_per_node=30, window=2, learning_rate=0.1).fit(walker)
    unit = found.vectors / np.linalg.norm(found.vectors, axis=1, keepdims=True)
    cosines, group = unit[:20] @ unit[:20].T, np.arange(20) < 10
    same = group[:, None] == group
    assert cosines[same].min() > cosines[~same].max() + 0.5


def test_negatives_of_all_types() -> None:
    """Two items of many users, whose vectors and contexts stay as they are, (1, 1) and 0.

    An item is the positive of half the nodes. Of its own type it is drawn as a negative of the other half
    every other time, so that σ = 2/3, the context's two numbers log(2) / 2; of all types, where most are
    users, nearly never.
    """
    user, item = np.arange(300) % 100, np.arange(300) // 150
    bought = Relation.from_edges("bought", "user", "item", user, item, (100, 2))
    walker = MetapathWalks(path=("bought", "~bought"), length=9).over({"bought": bought})
    moved = {}
    for noise in ("own_type", "all_types"):
        start = SkipGram(np.ones((102, 2), np.float32), np.zeros((102, 2), np.float32))
        frozen = np.arange(102) < 100
        sgns = SGNS(dim=2, walks_per_node=2, window=1, noise=noise, negatives=Uniform(count=1))
        moved[noise] = sgns.fit(walker, start=start, frozen=frozen).contexts[100:].mean()
    assert moved["own_type"] == pytest.approx(np.log(2) / 2, abs=0.03)
    assert moved["all_types"] > 1


def test_faults_are_told() -> None:
    walker = UniformWalks().over(random_graph(0))
    with pytest.raises(ConfigError, match="seed -1"):
        SGNS().fit(walker, seed=-1)
    empty = CSR.from_edges(np.empty(0, np.int64), np.empty(0, np.int64), (3, 3))
    with pytest.raises(GraphError, match="without edges"):
        SGNS().fit(UniformWalks().over(empty))
