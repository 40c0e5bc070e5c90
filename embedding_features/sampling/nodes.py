"""Sampling of nodes by themselves, for losses that ask for no edges."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch

from embedding_features.graph.view import GraphView
from embedding_features.sampling.base import Examples, Sampler


class Nodes(Sampler):
    """Draws every node of the view once in an epoch, in random order; it is its own positive."""

    kind: Literal["nodes"] = "nodes"

    def steps(self, view: GraphView, batch_size: int) -> int:
        """Return the number of batches; the last may be smaller."""
        return -(-view.size // batch_size)

    def epoch(self, view: GraphView, batch_size: int, *, seed: int, epoch: int) -> Iterator[Examples]:
        """Yield the batches of one epoch; they have no negatives."""
        order = torch.from_numpy(np.random.default_rng((seed, epoch)).permutation(view.size))
        for rows in torch.split(order, batch_size):
            yield Examples(rows, rows, rows[:0])
