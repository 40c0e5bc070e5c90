"""Layers, towers and numbers: what deep rankers share. All start from a seeded generator."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from ranking.models.tensors import Batch

#: how far from the mean, in standard deviations, a number may stand
CLIP = 5.0


def linear(inputs: int, outputs: int, generator: torch.Generator, bias: bool = True) -> nn.Linear:
    """A linear layer of Glorot-uniform weights and zero bias; of no inputs its bias alone."""
    layer = _Linear(inputs, outputs, bias=bias)
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


class _Linear(nn.Linear):
    def reset_parameters(self) -> None:
        """Do nothing: :func:`linear` draws the weights. Torch's own draw would be thrown away, and it warns
        where there is nothing to draw: over the numbers of a variant that has none."""


class LastLayer(nn.Linear):
    """w · [x_1, x_2 …] + b of parts that are never put together.

    Args:
        columns: of all parts that have weights.
        added: columns after them that count as they are: their weight is 1.
    """

    def __init__(self, columns: int, generator: torch.Generator, added: int = 0) -> None:
        super().__init__(columns, 1)
        nn.init.xavier_uniform_(self.weight, generator=generator)
        nn.init.zeros_(self.bias)
        self.added = added

    def forward(self, *parts: Tensor) -> Tensor:
        """[b] logits of parts [b, x_1], [b, x_2] …"""
        weights = torch.cat([self.weight[0], self.weight.new_ones(self.added)])
        logits = self.bias.expand(parts[0].shape[0])
        widths = [part.shape[1] for part in parts]
        for part, weight in zip(parts, torch.split(weights, widths), strict=True):
            logits = torch.addmv(logits, part, weight)
        return logits


def mlp(sizes: Sequence[int], generator: torch.Generator) -> nn.Sequential:
    """[b, sizes[0]] to [b, sizes[-1]], a ReLU after each layer."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [linear(inputs, outputs, generator), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class DenseArch(nn.Module):
    """Continuous columns to [b, columns]: standardized, clipped, unknown ones 0, and which are unknown.

    The means and deviations are of the training rows; a column that never lacks a value there has no
    indicator of lacking one.
    """

    mean: Tensor
    deviation: Tensor
    lacking: Tensor

    def __init__(self, train: Batch) -> None:
        super().__init__()
        values = train.continuous.double()
        known = ~values.isnan()
        count = known.sum(0).clamp(min=1)
        mean = values.nansum(0) / count
        squares = torch.where(known, values - mean, 0).square().sum(0) / count
        self.register_buffer("mean", mean.float())
        self.register_buffer("deviation", squares.sqrt().float().clamp(min=1e-6))
        self.register_buffer("lacking", (~known).any(0).nonzero()[:, 0])
        self.columns = len(mean) + len(self.lacking) + train.rows.shape[1]

    def forward(self, batch: Batch) -> Tensor:
        scaled = ((batch.continuous - self.mean) / self.deviation).clamp(-CLIP, CLIP)
        scaled = scaled.nan_to_num(0.0)
        if self.columns == scaled.shape[1]:
            return scaled
        unknown = batch.continuous[:, self.lacking].isnan().float()
        return torch.cat([scaled, unknown, batch.present], dim=1)
