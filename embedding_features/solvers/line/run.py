"""Whole runs of training on edges of one network, or of several in turn."""

from collections.abc import Sequence

import numba
import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.progress import Advance
from embedding_features.solvers.line.kernel import Course, Network, train
from embedding_features.solvers.sgns.pair import Model
from embedding_features.walks.draws import Purpose, key_of


def first_vectors(rows: int, dim: int, seed: int, number: int = 0) -> F32:
    """Return vectors [rows, dim] drawn evenly from -1/2 to 1/2 over dim, other ones for each number."""
    rng = np.random.default_rng([int(key_of(seed, Purpose.VECTORS)), number])
    return (rng.random((rows, dim), np.float32) - np.float32(0.5)) / np.float32(dim)


def rows_without_edges(networks: Sequence[Network], rows: int) -> I64:
    """Return those of the first ``rows`` rows that no network has an edge of."""
    met = [ends for network in networks for ends in (network.edges.sources, network.edges.targets)]
    return np.setdiff1d(np.arange(rows), np.concatenate(met))


def train_in_turn(
    networks: Sequence[tuple[Network, Course]], model: Model, seed: int, batch: int, advance: Advance
) -> None:
    """Train on a batch of edges of each network in turn, until each has had all of its edges.

    Args:
        networks: what is trained on, and how; courses of one number of samples.
        model: what is trained, in place.
        seed: of the draws.
        batch: edges of a network before the next one has its turn.
        advance: told of the edges.
    """
    key, threads = key_of(seed, Purpose.PAIRS), numba.get_num_threads()
    samples = networks[0][1].samples
    for first in range(0, samples, batch):
        count = min(batch, samples - first)
        for network, course in networks:
            train(network.edges, network.noise, first, count, model, course, key, threads)
            advance(count)
