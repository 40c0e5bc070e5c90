"""Cross-fitted features: parts of rows, levels, tastes and graph scores by hand."""

import numpy as np
import pytest

from embedding_features.artifact.embeddings import Embeddings, EmbeddingTable, Provenance
from embedding_features.errors import ConfigError, DataError, LeakError
from embedding_features.graph import Graph
from ranking.log_features.crossfit import (
    JUDGED,
    Attribute,
    Fold,
    GraphScores,
    KnownLabels,
    LabelPairs,
    Levels,
    Tastes,
    cross_fit,
    random_folds,
    time_blocks,
)


def pairs(user: list[int], item: list[int], users: int = 3, items: int = 3) -> LabelPairs:
    return LabelPairs(np.array(user), np.array(item), users, items)


def known(user: list[int], item: list[int], label: list[int]) -> KnownLabels:
    return KnownLabels(pairs(user, item), np.array(label, np.float32))


def lists(parts: list[Fold]) -> list[tuple[list[int], list[int]]]:
    return [(part.asked.tolist(), part.known.tolist()) for part in parts]


def test_random_folds_ask_each_row_once_and_know_the_other_folds() -> None:
    train = np.array([1, 1, 0, 1, 1, 1, 0], bool)
    parts = random_folds(train, 2, seed=0)
    assert sorted(len(part.asked) for part in parts) == [2, 2, 3]
    for part in parts[:-1]:
        assert sorted([*part.asked, *part.known]) == [0, 1, 3, 4, 5]
    assert lists(parts)[-1] == ([2, 6], [0, 1, 3, 4, 5])
    assert lists(parts) == lists(random_folds(train, 2, seed=0))


def test_time_blocks_know_strictly_earlier_rows() -> None:
    """Rows of one moment stay together; a row that is not for training has any time."""
    train = np.array([1, 1, 1, 1, 1, 1, 0], bool)
    time = np.array([5, 0, 7, 6, 5, 9, 1])
    assert lists(time_blocks(train, time, since=5, blocks=2)) == [
        ([0, 4], [1]),
        ([2, 3, 5], [0, 1, 4]),
        ([6], [0, 1, 2, 3, 4, 5]),
    ]


@pytest.mark.parametrize(("since", "blocks"), [(0, 2), (5, 0), (5, 3), (99, 1)])
def test_blocks_that_cannot_be_are_refused(since: int, blocks: int) -> None:
    with pytest.raises(ConfigError, match="blocks of"):
        time_blocks(np.ones(4, bool), np.array([1, 5, 5, 6]), since, blocks)


def test_too_few_or_too_many_folds_are_refused() -> None:
    for folds in (1, 4):
        with pytest.raises(ConfigError, match=f"{folds} folds of 3"):
            random_folds(np.ones(3, bool), folds, 0)


def test_levels_by_hand() -> None:
    """One round, priors 1: μ = ½; item 0 has (½, −½), item 1 has ½; then users with those taken out."""
    levels = Levels(user_prior=1, item_prior=1, rounds=1)
    made = levels(known([0, 0, 1], [0, 1, 0], [1, 1, 0]), pairs([0, 1, 2], [0, 1, 2]), 0)
    mean = 2 / 3
    item = np.array([(1 - mean - mean) / 3, (1 - mean) / 2, 0])
    user = np.array([(1 - mean - item[0] + 1 - mean - item[1]) / 3, (-mean - item[0]) / 2, 0])
    np.testing.assert_allclose(made["item_bias"], item, rtol=1e-6)
    np.testing.assert_allclose(made["user_bias"], user, rtol=1e-6)
    assert made["user_events"].tolist() == [2, 1, 0]
    assert made["item_events"].tolist() == [2, 1, 0]
    np.testing.assert_allclose(made["user_smoothed"], [mean + 2 / 9, mean / 2, mean], rtol=1e-6)


def test_many_rounds_solve_the_ridge_regression() -> None:
    """Alternation ends where the gradient of squared error with ridge k is zero."""
    rng = np.random.default_rng(0)
    cells = rng.choice(12 * 9, 60, replace=False)
    data = KnownLabels(LabelPairs(cells // 9, cells % 9, 12, 9), rng.integers(0, 2, 60).astype(np.float32))
    biases = Levels(user_prior=2, item_prior=3, rounds=300).biases(data)
    design = np.zeros((60, 21))
    design[np.arange(60), data.pairs.user] = design[np.arange(60), 12 + data.pairs.item] = 1
    ridge = np.diag([2.0] * 12 + [3.0] * 9)
    wanted = np.linalg.solve(design.T @ design + ridge, design.T @ (data.label - biases.mean))
    np.testing.assert_allclose([*biases.user, *biases.item], wanted, atol=1e-6)
    np.testing.assert_allclose(biases.residual(data), data.label - biases.mean - design @ wanted, atol=1e-6)


def test_tastes_equal_their_definition() -> None:
    rng = np.random.default_rng(1)
    cells = rng.choice(6 * 8, 30, replace=False)
    data = KnownLabels(LabelPairs(cells // 8, cells % 8, 6, 8), rng.integers(0, 2, 30).astype(np.float32))
    genre = Attribute("item", "genre", np.array([0, 0, 1, 2, 3, 4, 5, 5]), np.array([0, 1, 1, 0, 2, 2, 0, 0]))
    age = Attribute("user", "age", np.array([0, 1, 2, 3]), np.array([0, 1, 0, 1]))
    levels = Levels()
    residual = levels.biases(data).residual(data)
    asked = LabelPairs(np.repeat(np.arange(6), 8), np.tile(np.arange(8), 6), 6, 8)
    made = Tastes([genre, age], levels, prior=2)(data, asked, 0)
    assert list(made) == ["user_genre_taste", "item_age_taste"]
    user, item = data.pairs.user, data.pairs.item
    for row, (u, i) in enumerate(zip(asked.user, asked.item, strict=True)):
        shares = []
        for value in np.unique(genre.value[genre.node == i]):
            on = (user == u) & np.isin(item, genre.node[genre.value == value])
            shares.append(residual[on].sum() / (on.sum() + 2))
        assert made["user_genre_taste"][row] == pytest.approx(np.mean(shares) if shares else 0, abs=1e-6)
        if u < 4:
            on = (item == i) & np.isin(user, age.node[age.value == age.value[age.node == u][0]])
            wanted = residual[on].sum() / (on.sum() + 2)
        else:
            wanted = 0
        assert made["item_age_taste"][row] == pytest.approx(wanted, abs=1e-6)


def embeddings(graph: Graph, seed: int) -> Embeddings:
    """Users 0 and 2 and items 0 and 1 have vectors."""

    def table(name: str, rows: list[int], vectors: list[list[float]]) -> EmbeddingTable:
        return EmbeddingTable(
            name, graph.vocabularies[name].decode(np.array(rows)), np.array(vectors, np.float32), 3
        )

    tables = {
        "user": table("user", [0, 2], [[1, 2], [3, 4]]),
        "item": table("item", [0, 1], [[1, 0], [1, seed]]),
    }
    about = Provenance("custom", {}, "dot", "dot", graph.as_of, seed, graph.fingerprint, {})
    return Embeddings(tables, about)


def test_graph_scores_are_dot_products_and_unknown_without_vectors() -> None:
    scores = GraphScores("toy", embeddings)
    asked = pairs([0, 2, 2, 1, 0], [0, 0, 1, 0, 2])
    made = scores(known([0], [0], [1]), asked, 5)
    np.testing.assert_array_equal(made["toy_score"], np.array([1, 3, 23, np.nan, np.nan], np.float32))
    np.testing.assert_array_equal(made["toy_user_level"], np.array([6, 13, 13, np.nan, 6], np.float32))
    np.testing.assert_array_equal(made["toy_item_level"], np.array([2, 2, 17, 2, np.nan], np.float32))


def test_the_graph_has_signed_labels_and_attributes() -> None:
    age = Attribute("user", "age", np.array([0, 2]), np.array([1, 0]))
    graph = GraphScores("toy", embeddings, [age]).graph(known([0, 0, 2], [1, 2, 0], [1, 0, 0]))
    judged, described = graph.relation(JUDGED).forward, graph.relation("age")
    assert (judged.rows, judged.columns) == (3, 3)
    assert judged.weights().tolist() == [1, -1, -1]
    assert (described.src, described.dst, described.forward.columns) == ("user", "age", 2)


def test_cross_fit_puts_features_at_their_rows() -> None:
    def make(known: KnownLabels, asked: LabelPairs, seed: int) -> dict[str, np.ndarray]:
        return {"sum": asked.user + 10 * known.label.sum() + 100 * seed}

    parts = [Fold(np.array([0, 2]), np.array([1])), Fold(np.array([3]), np.array([0, 1]))]
    label = np.array([1, 1, np.nan, np.nan], np.float32)
    made = cross_fit(pairs([0, 1, 2, 2], [0, 0, 0, 0]), label, parts, make, seed=1)
    np.testing.assert_array_equal(made["sum"], [110, np.nan, 112, 122])


def test_faults_are_named() -> None:
    some, one = pairs([0, 1], [0, 1]), np.array([0, 1], np.float32)
    levels = Levels()
    with pytest.raises(LeakError, match="row 1 is asked about with its own label"):
        cross_fit(some, one, [Fold(np.array([0, 1]), np.array([1]))], levels)
    with pytest.raises(DataError, match="two parts"):
        cross_fit(some, one, [Fold(np.array([0]), np.array([1]))] * 2, levels)
    with pytest.raises(DataError, match="neither 0 nor 1"):
        cross_fit(some, np.array([0, 4], np.float32), [Fold(np.array([0]), np.array([1]))], levels)
    with pytest.raises(DataError, match="no pair with a known label"):
        cross_fit(some, one, [Fold(np.array([0]), np.array([], np.int64))], levels)
    with pytest.raises(DataError, match="'x' of 1 pairs has the shape"):
        cross_fit(some, one, [Fold(np.array([0]), np.array([1]))], lambda *_: {"x": np.zeros(3, np.float32)})
    with pytest.raises(DataError, match="user rows 0 to 3 of a catalogue of 3"):
        pairs([0, 3], [0, 0])
    with pytest.raises(DataError, match="names node 7 of a catalogue of 3"):
        Tastes([Attribute("item", "genre", np.array([7]), np.array([0]))], levels)(
            known([0], [0], [1]), some, 0
        )
