"""Blocks of sampled neighbourhoods: the nodes that a step computes, layer by layer, and whom each hears."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from embedding_features.arrays import F32, I32, I64
from embedding_features.graph.csr import CSR
from embedding_features.graph.propagation import product


class Neighbourhoods(NamedTuple):
    """Holds the neighbours that each node hears.

    Attributes:
        nodes: [nodes, most] int32 rows, ascending; -1 behind the last.
        weights: [nodes, most] float32; 0 behind the last.
    """

    nodes: I32
    weights: F32


@dataclass(frozen=True)
class Block:
    """Holds n nodes of one layer, and their neighbours among the m nodes of the layer below.

    Attributes:
        own: [n] int64, where each node itself is in the layer below.
        neighbours: [n, m] weights.
        transposed: the same as [m, n].
    """

    own: Tensor
    neighbours: CSR
    transposed: CSR

    def to(self, device: str) -> "Block":
        """Return the block with its indices of tensors on another device."""
        return Block(self.own.to(device), self.neighbours, self.transposed)

    def sums(self, x: Tensor) -> Tensor:
        """Return [n, d] each node's sum of its neighbours' ``x`` [m, d], by weight; differentiable."""
        if x.device.type == "cpu":
            return product(self.neighbours, self.transposed, x)
        return sums_by_edges(len(self.own), self.edges(x.device), x)

    def edges(self, device: str | torch.device = "cpu") -> tuple[Tensor, Tensor, Tensor]:
        """Return [e] nodes and [e] places of neighbours below (int64), and [e] float32 weights."""
        csr = self.neighbours
        arrays = csr.sources().astype(np.int64), csr.indices.astype(np.int64), csr.weights()
        rows, places, weight = (torch.from_numpy(array).to(device) for array in arrays)
        return rows, places, weight


@dataclass(frozen=True)
class Blocks:
    """Holds what a step's nodes are computed of.

    Attributes:
        rows: [m] int64 distinct rows, ascending, whose layer 0 is read.
        layers: a block for each layer, the lowest first.
        places: [k] int64, where each of the k rows that were asked for is in the last layer.
    """

    rows: Tensor
    layers: tuple[Block, ...]
    places: Tensor

    def to(self, device: str) -> "Blocks":
        """Return the same blocks on another device."""
        layers = tuple(block.to(device) for block in self.layers)
        return Blocks(self.rows.to(device), layers, self.places.to(device))


def sums_by_edges(count: int, edges: Sequence[Tensor], x: Tensor) -> Tensor:
    """Return [count, d] sums over edges (rows, neighbours, weights), in operations of torch alone."""
    rows, neighbours, weight = edges
    return x.new_zeros(count, x.shape[1]).index_add(0, rows, x[neighbours] * weight[:, None])


def sample_blocks(around: Neighbourhoods, rows: I64, layers: int) -> Blocks:
    """Return the blocks by which ``layers`` layers compute some nodes, each node once a layer.

    PinSage's minibatch (Ying et al., KDD 2018, algorithm 2, lines 1 to 7): the nodes of a layer are those of
    the layer above, and their neighbours.

    Args:
        around: whom each node hears.
        rows: [k] rows that are asked for, in any order.
        layers: how many.
    """
    above, places = np.unique(rows, return_inverse=True)
    blocks: list[Block] = []
    for _ in range(layers):
        nodes, weights = around.nodes[above], around.weights[above]
        below = np.unique(np.concatenate([above, nodes[nodes >= 0]]))
        blocks.insert(0, _block(above, nodes, weights, below))
        above = below
    return Blocks(torch.from_numpy(above), tuple(blocks), torch.from_numpy(places))


def whole_block(around: Neighbourhoods) -> Block:
    """Return the block of all nodes, of which every layer is computed once for all."""
    rows = np.arange(len(around.nodes))
    return _block(rows, around.nodes, around.weights, rows)


def _block(above: I64, nodes: I32, weights: F32, below: I64) -> Block:
    there = nodes >= 0
    indptr: I64 = np.concatenate([np.zeros(1, np.int64), np.cumsum(there.sum(axis=1))])
    indices = np.searchsorted(below, nodes[there]).astype(np.int32)
    matrix = CSR(indptr, indices, len(below), np.ascontiguousarray(weights[there]))
    return Block(torch.from_numpy(np.searchsorted(below, above)), matrix, matrix.transposed())
