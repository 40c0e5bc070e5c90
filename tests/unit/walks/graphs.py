"""Small graphs to walk over, their dense matrices, and the test that draws have given probabilities."""

import numpy as np
from scipy.stats import chi2

from embedding_features.arrays import F64, I32, I64
from embedding_features.graph.csr import CSR


def random_graph(
    seed: int, nodes: int = 8, edges: int = 24, *, weighted: bool = False, directed: bool = False
) -> CSR:
    """A graph with a ring in it, so that every node has neighbours, and with loops and repeated edges."""
    rng = np.random.default_rng(seed)
    ring = np.arange(nodes)
    src = np.concatenate((ring, rng.integers(0, nodes, edges)))
    dst = np.concatenate(((ring + 1) % nodes, rng.integers(0, nodes, edges)))
    weight = rng.choice([0.0, 0.5, 1.0, 3.0], len(src)) if weighted else np.ones(len(src))
    weight[:nodes] = 1
    if not directed:
        src, dst, weight = np.concatenate((src, dst)), np.concatenate((dst, src)), np.tile(weight, 2)
    return CSR.from_edges(src, dst, (nodes, nodes), weight.astype(np.float32) if weighted else None)


def dense(csr: CSR) -> F64:
    """The summed weights of all pairs."""
    matrix = np.zeros((csr.rows, csr.columns))
    np.add.at(matrix, (csr.sources(), csr.indices), csr.weights())
    return matrix


def check_transitions(states: I64, nodes: I32, probabilities: F64) -> None:
    """Check that after state s (a row of probabilities) nodes are drawn by row s (chi-square)."""
    counts = np.zeros_like(probabilities)
    np.add.at(counts, (states, nodes), 1)
    assert not counts[probabilities == 0].any()
    expected = counts.sum(axis=1, keepdims=True) * probabilities
    likely = expected > 0
    statistic = ((counts - expected)[likely] ** 2 / expected[likely]).sum()
    freedom = likely.sum() - likely.any(axis=1).sum()
    assert freedom > 0
    assert expected[likely].min() > 5
    assert chi2.sf(statistic, freedom) > 1e-3
