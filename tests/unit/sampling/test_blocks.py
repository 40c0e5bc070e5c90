"""Blocks hold what sampled layers need, each node once a layer, and batches made ahead are the same ones."""

import threading
import time

import numpy as np
import pytest
import torch

from embedding_features.sampling.ahead import ahead
from embedding_features.sampling.blocks import Neighbourhoods, sample_blocks, sums_by_edges, whole_block


def around(size: int, most: int, seed: int) -> Neighbourhoods:
    """Up to ``most`` neighbours of each of ``size`` nodes; some have none."""
    rng = np.random.default_rng(seed)
    nodes = np.full((size, most), -1, np.int32)
    weights = np.zeros((size, most), np.float32)
    for row in range(size):
        chosen = np.sort(rng.choice(size, rng.integers(0, most + 1), replace=False))
        nodes[row, : len(chosen)], weights[row, : len(chosen)] = chosen, rng.random(len(chosen))
    return Neighbourhoods(nodes, weights)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_layer_by_blocks_is_the_sum_over_neighbours(layers: int) -> None:
    known, rng = around(60, 4, 0), np.random.default_rng(1)
    x, rows = rng.normal(size=(60, 5)).astype(np.float32), rng.integers(0, 60, 9)
    expected = x.astype(np.float64)
    for _ in range(layers):
        sums = [
            sum((w * expected[v] for v, w in zip(nodes, weights, strict=True) if v >= 0), np.zeros(5))
            for nodes, weights in zip(*known, strict=True)
        ]
        expected = expected + np.array(sums)
    blocks = sample_blocks(known, rows, layers)
    got = torch.from_numpy(x)[blocks.rows]
    for block in blocks.layers:
        by_edges = sums_by_edges(len(block.own), block.edges(), got)
        torch.testing.assert_close(block.sums(got), by_edges)
        got = got[block.own] + block.sums(got)
    np.testing.assert_allclose(got[blocks.places], expected[rows], rtol=1e-4)


def test_each_node_is_in_a_layer_once_and_only_if_somebody_above_hears_it() -> None:
    known, rows = around(200, 3, 2), np.array([7, 7, 100])
    blocks = sample_blocks(known, rows, 2)
    top = {7, 100}
    middle = top | {int(v) for r in top for v in known.nodes[r] if v >= 0}
    lowest = middle | {int(v) for r in middle for v in known.nodes[r] if v >= 0}
    assert blocks.rows.tolist() == sorted(lowest)
    assert [len(block.own) for block in blocks.layers] == [len(middle), len(top)]
    assert blocks.rows[blocks.layers[0].own].tolist() == sorted(middle)
    assert len(lowest) < 30


def test_the_block_of_all_nodes_has_every_neighbour() -> None:
    known = around(40, 4, 3)
    matrix = whole_block(known).neighbours
    dense = np.zeros((40, 40), np.float32)
    dense[matrix.sources(), matrix.indices] = matrix.weights()
    for row, (nodes, weights) in enumerate(zip(*known, strict=True)):
        np.testing.assert_array_equal(dense[row][nodes[nodes >= 0]], weights[nodes >= 0])
    assert np.count_nonzero(dense) == (known.nodes >= 0).sum()


@pytest.fixture(autouse=True)
def _threads_are_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedding_features.sampling.ahead._bears_a_second_caller", lambda: True)


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_what_is_made_ahead_comes_in_order(depth: int) -> None:
    assert list(ahead(iter(range(50)), depth)) == list(range(50))


def test_no_more_than_the_depth_is_made_ahead_and_in_another_thread() -> None:
    made: list[str] = []

    def items():
        for number in range(20):
            made.append(threading.current_thread().name)
            yield number

    batches = ahead(items(), 2)
    assert next(batches) == 0
    time.sleep(0.2)
    assert 2 <= len(made) <= 4  # the one taken, two that wait, and one that finds no room
    batches.close()
    assert set(made) == {"batches"}
    assert "batches" not in {thread.name for thread in threading.enumerate()}


def test_an_error_is_raised_behind_what_was_made_before_it() -> None:
    def items():
        yield 1
        raise ValueError("no more")

    batches = ahead(items(), 2)
    assert next(batches) == 1
    with pytest.raises(ValueError, match="no more"):
        next(batches)


def test_without_safe_threads_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedding_features.sampling.ahead._bears_a_second_caller", lambda: False)
    names = (threading.current_thread().name for _ in range(3))
    assert set(ahead(names, 2)) == {threading.current_thread().name}
