"""The rotation of an encoder, so that its output follows its vectors."""

import copy
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from embedding_features.arrays import F32
from embedding_features.artifact import EmbeddingTable
from embedding_features.encoders import BipartiteEncoder
from embedding_features.errors import CompatibilityError

_TOLERANCE = 1e-5


def rotated_encoder(encoder: nn.Module, rotation: F32, tables: Mapping[str, EmbeddingTable]) -> nn.Module:
    """Return a copy of ``encoder`` whose output is ``tables``, the rotated vectors.

    The parameters of layer 0 are rotated: a lookup and linear propagation commute with a linear map. Whether
    this network does is not assumed but seen, by running it once.

    Raises:
        CompatibilityError: when the network does not commute with rotation.
    """
    follower = copy.deepcopy(encoder)
    if isinstance(follower, BipartiteEncoder):
        with torch.no_grad():
            for parameter in (follower.src, follower.dst):
                parameter.copy_(parameter @ torch.from_numpy(rotation))
            output = {node_type: vectors.numpy() for node_type, vectors in follower().items()}
        if all(t in output and _close(output[t], table.vectors) for t, table in tables.items()):
            return follower
    raise CompatibilityError(
        f"a {type(encoder).__name__} cannot follow the rotation of its vectors",
        fix="write the snapshot without its encoder, or open a new version of the space",
    )


def _close(a: F32, b: F32) -> bool:
    scale = max(float(np.abs(b).max(initial=0)), 1e-30)
    return a.shape == b.shape and float(np.abs(a - b).max(initial=0)) <= _TOLERANCE * scale
