"""Noise of a fixed length in each vector's own orthant, which contrastive networks add to their layers."""

import numba
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from embedding_features.arrays import F32, I64
from embedding_features.hashes import GOLDEN, splitmix64
from embedding_features.jit import jit


def add_noise(vectors: Tensor, nodes: Tensor, length: float, key: int) -> None:
    """Add ω / |ω| · length ⊙ sign(e) to each vector e, in place, ω from U(0, 1) by component.

    Yu et al., Are Graph Augmentations Necessary?, SIGIR 2022, eqs. 3 and 4. On the CPU ω is a function of
    the key and the node, so that some rows of a layer get the noise that they get among all. Elsewhere it
    comes from torch's generator.

    Args:
        vectors: [n, dim] float32.
        nodes: [n] int64, whose they are.
        length: of the noise.
        key: below 2⁶³.
    """
    if vectors.device.type == "cpu":
        _add(vectors.detach().numpy(), nodes.numpy(), np.float32(length), np.uint64(key))
    else:
        add_noise_by_torch(vectors, length)


def add_noise_by_torch(vectors: Tensor, length: float) -> None:
    """Add such noise on any device, from torch's generator there."""
    vectors.addcmul_(normalize(torch.rand_like(vectors), dim=1), vectors.sign(), value=length)


_mix = jit()(splitmix64)


@jit(parallel=True)
def _add(vectors: F32, nodes: I64, length: np.float32, key: np.uint64) -> None:
    dim = vectors.shape[1]
    for row in numba.prange(len(vectors)):
        drawn, squares = np.empty(dim, np.float32), np.float32(0)
        first = np.uint64(nodes[row]) * np.uint64(dim)
        for k in range(dim):
            bits = _mix(key + GOLDEN * (first + np.uint64(k) + np.uint64(1)))
            drawn[k] = np.float32(np.int64(bits >> np.uint64(40))) * np.float32(2.0**-24)
        for k in range(dim):
            squares += drawn[k] * drawn[k]
        scale = length / np.sqrt(max(squares, np.float32(1e-30)))
        for k in range(dim):
            vectors[row, k] += np.sign(vectors[row, k]) * (drawn[k] * scale)
