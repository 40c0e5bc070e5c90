"""Walks of the first order: their probabilities, ends and seeds, and what all kinds of walks share."""

import subprocess
import sys

import numpy as np
import pytest

from embedding_features.errors import ConfigError, GraphError
from embedding_features.graph.csr import CSR
from embedding_features.walks import BiasedWalks, UniformWalks
from tests.paths import ROOT
from tests.unit.walks.graphs import check_transitions, dense, random_graph


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_steps_follow_the_weights(weighted: bool, directed: bool) -> None:
    graph = random_graph(3, weighted=weighted, directed=directed)
    walker = UniformWalks(length=5000).over(graph)
    walks = walker.draw(walker.starts, seed=1)
    matrix = dense(graph)
    check_transitions(walks[:, :-1].ravel(), walks[:, 1:].ravel(), matrix / matrix.sum(axis=1, keepdims=True))


def test_numbers_of_one_start_follow_the_weights() -> None:
    graph = CSR.from_edges(np.zeros(3, np.int64), np.array([1, 2, 2]), (3, 3))
    walker = UniformWalks(length=2).over(graph)
    ends = np.array([walker.draw(np.array([0]), seed=5, number=k)[0, 1] for k in range(3000)])
    check_transitions(np.zeros(3000, np.int64), ends, np.array([[0, 1 / 3, 2 / 3]]))


def test_a_walk_ends_where_no_edge_leads_on_and_starts_where_one_leaves() -> None:
    graph = CSR.from_edges(np.array([0, 1, 4]), np.array([1, 2, 4]), (6, 6))
    walker = UniformWalks(length=4).over(graph)
    assert walker.starts.tolist() == [0, 1, 4]
    assert walker.draw(np.array([0, 1, 2, 4, 5]), seed=0).tolist() == [
        *([0, 1, 2, -1], [1, 2, -1, -1], [2, -1, -1, -1], [4, 4, 4, 4], [5, -1, -1, -1])
    ]


def test_a_row_whose_edges_weigh_nothing_has_none() -> None:
    weight = np.array([0, 1, 0, 2], np.float32)
    graph = CSR.from_edges(np.array([0, 0, 1, 2]), np.array([1, 2, 0, 0]), (3, 3), weight)
    walker = UniformWalks(length=3).over(graph)
    assert walker.starts.tolist() == [0, 2]
    assert walker.draw(np.arange(3), seed=0).tolist() == [[0, 2, 0], [1, -1, -1], [2, 0, 2]]


def test_a_walk_is_a_function_of_seed_start_and_number() -> None:
    walker = UniformWalks(length=30).over(random_graph(0))
    starts = np.arange(8)
    walks = walker.draw(starts, seed=4, number=2)
    some = np.array([5, 1, 5])
    np.testing.assert_array_equal(walker.draw(some, seed=4, number=2), walks[some])
    for other in (walker.draw(starts, seed=5, number=2), walker.draw(starts, seed=4, number=3)):
        assert (other != walks).any(axis=1).all()


def test_rounds_pass_all_starts_and_batches_change_nothing() -> None:
    walker = UniformWalks(length=4).over(random_graph(0, nodes=7))
    whole = list(walker.rounds(3, seed=2, batch=100))
    assert [sorted(batch[:, 0]) for batch in whole] == [list(range(7))] * 3
    assert whole[0][:, 0].tolist() != whole[1][:, 0].tolist()
    pieces = list(walker.rounds(3, seed=2, batch=3))
    assert [len(piece) for piece in pieces] == [3, 3, 1] * 3
    np.testing.assert_array_equal(np.concatenate(pieces), np.concatenate(whole))
    for number, batch in enumerate(whole):
        np.testing.assert_array_equal(batch, walker.draw(batch[:, 0], seed=2, number=number))


@pytest.mark.parametrize("walks", [UniformWalks(length=50), BiasedWalks(length=50, p=0.5, q=3)])
def test_threads_change_nothing(walks: UniformWalks | BiasedWalks) -> None:
    code = (
        f"from embedding_features.walks import *\nfrom tests.unit.walks.graphs import random_graph\n"
        f"import numba\nassert numba.get_num_threads() == 2\n"
        f"walks = Walks.model_validate({walks.model_dump()!r}).over(random_graph(0, nodes=50, edges=90))\n"
        f"print(walks.draw(walks.starts, seed=3).tolist())"
    )
    environment = {"NUMBA_NUM_THREADS": "2", "PYTHONPATH": str(ROOT), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True, cwd=ROOT
    )
    walker = walks.over(random_graph(0, nodes=50, edges=90))
    assert done.stdout.strip() == str(walker.draw(walker.starts, seed=3).tolist())


def test_faults_are_told() -> None:
    walker = UniformWalks().over(random_graph(0))
    with pytest.raises(GraphError, match=r"starts -1\.\.8 outside rows 0\.\.7"):
        walker.draw(np.array([-1, 8]), seed=0)
    with pytest.raises(ConfigError, match="seed -1"):
        walker.draw(np.array([0]), seed=-1)
    with pytest.raises(ConfigError, match="seed -1"):
        next(walker.rounds(1, seed=-1, batch=1))
    with pytest.raises(GraphError, match="ends after one step"):
        UniformWalks().over(CSR.from_edges(np.array([0]), np.array([2]), (2, 3)))
    for bad in (-1, np.nan, np.inf):
        weight = np.array([1, bad], np.float32)
        with pytest.raises(GraphError, match="1 of 2 weights"):
            UniformWalks().over(CSR.from_edges(np.array([0, 1]), np.array([1, 0]), (2, 2), weight))
