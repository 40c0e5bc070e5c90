"""The edges that messages go along: with loops, and products with them."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from embedding_features.encoders.adjacency_buffers import AdjacencyBuffers
from embedding_features.encoders.passes import Pass
from embedding_features.graph.adjacency import Norm, symmetric
from embedding_features.graph.csr import CSR
from embedding_features.graph.view import GraphView


def looped_adjacency(view: GraphView, relations: Sequence[str], norm: Norm = "symmetric") -> CSR:
    """Return the [nodes, nodes] edges of relations in both directions and a loop of weight 1 at each node.

    Kipf & Welling, ICLR 2017, eq. 2: with the symmetric norm D^-1/2 (A + I) D^-1/2.
    """
    edges, nodes = view.adjacency(relations), np.arange(view.size)
    weight = np.concatenate([edges.weights(), np.ones(view.size, np.float32)])
    ends = [np.concatenate([part, nodes]) for part in (edges.sources(), edges.indices)]
    looped = CSR.from_edges(ends[0], ends[1], (view.size, view.size), weight).merged("sum")
    return symmetric(looped) if norm == "symmetric" else looped


def propagated(adjacency: AdjacencyBuffers, x: Tensor, how: Pass) -> Tensor:
    """Return the product of an adjacency, or of the pass's own entries, and ``x`` [nodes, d]."""
    if not how.edges:
        return adjacency.times(x)
    rows, neighbours, weight = how.edges
    return torch.zeros_like(x).index_add(0, rows, x[neighbours] * weight[:, None])
