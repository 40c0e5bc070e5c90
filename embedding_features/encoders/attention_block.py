"""One block of causal self-attention."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional


class AttentionBlock(nn.Module):
    """Lets each event of a history look at those up to itself, and then transforms each by itself.

    x + attention(norm x), then x + W₂ gelu(W₁ norm x + b); heads attend by softmax(q kᵀ / √d) (Vaswani et
    al., NIPS 2017), norms come first (Xiong et al., ICML 2020).

    Args:
        dim: of the vectors.
        heads: by which ``dim`` is divided.
        hidden: width between the two transformations.
        dropout: share of numbers that are dropped while training.
        generator: of the first parameters, N(0, 1 / width).
    """

    def __init__(self, dim: int, heads: int, hidden: int, dropout: float, generator: torch.Generator) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.before_attention, self.before_hidden = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attend = _linear(dim, 3 * dim, generator)
        self.join = _linear(dim, dim, generator)
        self.widen, self.narrow = _linear(dim, hidden, generator), _linear(hidden, dim, generator)
        self.bias = nn.Parameter(torch.zeros(hidden))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return [n, length, dim] of as many vectors.

        Args:
            x: [n, length, dim].
            mask: [n, 1, length, length] True where an event (row) may look at another.
        """
        x = x + self._drop(self.join(self._attention(self.before_attention(x), mask)))
        hidden = functional.gelu(self.widen(self.before_hidden(x)) + self.bias)
        return x + self._drop(self.narrow(self._drop(hidden)))

    def _attention(self, x: Tensor, mask: Tensor) -> Tensor:
        n, length, dim = x.shape
        heads = self.attend(x).view(n, length, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = heads.unbind(0)
        scores = query @ key.transpose(2, 3) / (dim // self.heads) ** 0.5
        weights = self._drop(scores.masked_fill(~mask, float("-inf")).softmax(-1))
        return cast(Tensor, (weights @ value).transpose(1, 2).reshape(n, length, dim))

    def _drop(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.dropout, self.training)


def _linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    layer = nn.Linear(inputs, outputs, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(outputs, inputs, generator=generator) / inputs**0.5)
    return layer
