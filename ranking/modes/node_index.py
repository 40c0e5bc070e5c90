"""The row of an encoder's table that a node has, by its id's key."""

import numpy as np
import torch
from torch import Tensor, nn

from embedding_features.arrays import I64


class NodeIndex(nn.Module):
    """Maps the keys (:attr:`.Categorical.key`) of n nodes of one type to rows 1 … n, all others to 0.

    Args:
        keys: [n] keys of the encoder's nodes, in its order.
    """

    keys: Tensor
    rows: Tensor

    def __init__(self, keys: I64) -> None:
        super().__init__()
        order = np.argsort(keys, kind="stable")
        self.register_buffer("keys", torch.from_numpy(keys[order]))
        self.register_buffer("rows", torch.from_numpy(order + 1))

    def forward(self, keys: Tensor) -> Tensor:
        """Return the row of each of [b] keys, 0 of an unknown one."""
        position = torch.searchsorted(self.keys, keys.contiguous()).clamp(max=self.keys.shape[0] - 1)
        return torch.where(self.keys[position] == keys, self.rows[position], 0)

    def in_order(self) -> I64:
        """Return [n] keys in the order of the encoder's nodes."""
        ordered = torch.empty_like(self.keys)
        ordered[self.rows - 1] = self.keys
        found: I64 = ordered.numpy()
        return found
