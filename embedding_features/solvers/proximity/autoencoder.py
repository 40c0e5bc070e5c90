"""Autoencoders of a matrix's rows, and the loop that trains them."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from embedding_features.arrays import I64
from embedding_features.errors import TrainingError


class Autoencoder(nn.Module):
    """Maps rows to a code and back, by layers with an activation behind each.

    Args:
        widths: of the rows, then of each layer down to the code; the layers back have the same.
        activation: of every layer.
        generator: what the weights are drawn from (Glorot & Bengio 2010, uniform).
    """

    def __init__(
        self, widths: Sequence[int], activation: Callable[[Tensor], Tensor], generator: torch.Generator
    ) -> None:
        super().__init__()
        self.down = nn.ModuleList(_linear(*pair, generator) for pair in pairwise(widths))
        self.up = nn.ModuleList(_linear(*pair, generator) for pair in pairwise(widths[::-1]))
        self.activation = activation

    def encode(self, rows: Tensor) -> Tensor:
        """Return the codes [n, code] of rows [n, width]."""
        return _through(self.down, rows, self.activation)

    def decode(self, codes: Tensor) -> Tensor:
        """Return the rows [n, width] that codes [n, code] stand for."""
        return _through(self.up, codes, self.activation)


def train(
    model: Autoencoder, loss: Callable[[I64], Tensor], rows: int, settings: "AdamSettings", seed: int
) -> None:
    ...


def _linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def _through(layers: nn.ModuleList, x: Tensor, activation: Callable[[Tensor], Tensor]) -> Tensor:
    for layer in layers:
        x = activation(layer(x))
    return x
