"""Sampling of labelled nodes, whose negatives are all other labels."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch

from embedding_features.graph.view import GraphView
from embedding_features.sampling.base import Examples
from embedding_features.sampling.of_pairs import OfPairs


class Labelled(OfPairs):
    """Draws every pair of a node and its label once in an epoch, in random order; negatives are all labels.

    A softmax over them is the cross-entropy of classification, with the labels' vectors as its weights.
    """

    kind: Literal["labelled"] = "labelled"

    def epoch(self, view: GraphView, batch_size: int, *, seed: int, epoch: int) -> Iterator[Examples]:
        """Yield the batches of one epoch."""
        relation = self._relation(view)
        first, labels = view.nodes[relation.src].start, view.span(relation.dst)
        every = torch.arange(labels.start, labels.stop)
        for _, src, dst in self._batches(view, batch_size, (seed, epoch)):
            sources = torch.from_numpy(src.astype(np.int64) + first)
            yield Examples(sources, torch.from_numpy(dst.astype(np.int64) + labels.start), every)
