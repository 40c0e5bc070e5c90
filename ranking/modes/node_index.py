"""Which row of an encoder's table a node has, by its id's key."""

import numpy as np
import torch
from torch import Tensor, nn

from embedding_features.arrays import I64


class NodeIndex(nn.Module):
    """The nodes of one type: [n] keys (:attr:`.Categorical.key`) to rows 1 … n; 0 is absent."""

    keys: Tensor
    rows: Tensor

    def __init__(self, keys: I64) -> None:
        """``keys`` [n] of the encoder's nodes, in its order."""
        super().__init__()
        order = np.argsort(keys, kind="stable")
        self.register_buffer("keys", torch.from_numpy(keys[order]))
        self.register_buffer("rows", torch.from_numpy(order + 1))

    def forward(self, keys: Tensor) -> Tensor:
        """[b] row of each of [b] keys, 0 of an unknown one."""
        place = torch.searchsorted(self.keys, keys.contiguous()).clamp(max=self.keys.shape[0] - 1)
        return torch.where(self.keys[place] == keys, self.rows[place], 0)

    def in_order(self) -> I64:
        """[n] the keys in the order of the encoder's nodes."""
        ordered = torch.empty_like(self.keys)
        ordered[self.rows - 1] = self.keys
        found: I64 = ordered.numpy()
        return found
