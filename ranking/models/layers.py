"""Layers that deep rankers share, and how they read numbers. All weights are drawn by a seeded generator."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from ranking.models.tensors import Batch

#: standardized numbers are clipped to ±CLIP standard deviations
CLIP = 5.0


def linear(inputs: int, outputs: int, generator: torch.Generator, bias: bool = True) -> nn.Linear:
    """Return a linear layer with Glorot-uniform weights and zero bias; without inputs it is only its bias."""
    layer = _Linear(inputs, outputs, bias=bias)
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


class _Linear(nn.Linear):
    def reset_parameters(self) -> None:
        """Do nothing: :func:`linear` draws the weights.

        Torch's own draw would be thrown away, and it warns where there is nothing to draw, as for a variant
        without numbers.
        """


class LastLayer(nn.Linear):
    """Computes logits w · [x_1, x_2 …] + b of parts that are never concatenated.

    Args:
        columns: number of columns, over all parts, that have a weight.
        generator: draws the weights, Glorot-uniform.
        added: number of columns after them whose weight is fixed at 1, as for a sum that is a logit already.
    """

    def __init__(self, columns: int, generator: torch.Generator, added: int = 0) -> None:
        super().__init__(columns, 1)
        nn.init.xavier_uniform_(self.weight, generator=generator)
        nn.init.zeros_(self.bias)
        self.added = added

    def forward(self, *parts: Tensor) -> Tensor:
        """Return the [b] logits of parts [b, x_1], [b, x_2] and so on."""
        weights = torch.cat([self.weight[0], self.weight.new_ones(self.added)])
        logits = self.bias.expand(parts[0].shape[0])
        widths = [part.shape[1] for part in parts]
        for part, weight in zip(parts, torch.split(weights, widths), strict=True):
            logits = torch.addmv(logits, part, weight)
        return logits


def mlp(sizes: Sequence[int], generator: torch.Generator) -> nn.Sequential:
    """Return an MLP from [b, sizes[0]] to [b, sizes[-1]] with a ReLU after each layer."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [linear(inputs, outputs, generator), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class DenseArch(nn.Module):
    """Standardizes continuous columns, clipped and 0 where unknown, and indicates what is known.

    Means and standard deviations are of the training rows. The indicators follow the numbers: one for each
    column that lacks a value somewhere in training, 1 where it is unknown; then one for each vector field, 1
    where the vector is present.

    Attributes:
        columns: number of columns, indicators included.
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
        """Return [b, columns] numbers and indicators."""
        scaled = ((batch.continuous - self.mean) / self.deviation).clamp(-CLIP, CLIP)
        scaled = scaled.nan_to_num(0.0)
        if self.columns == scaled.shape[1]:
            return scaled
        unknown = batch.continuous[:, self.lacking].isnan().float()
        return torch.cat([scaled, unknown, batch.present], dim=1)
