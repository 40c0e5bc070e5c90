"""The cross network of DCN-V2, with a faster form where its weights have rank 1."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ranking.models.layers import linear


class CrossNetwork(nn.Module):
    """Computes x_L [b, x] of x_0 [b, x] by x_{l+1} = x_0 ⊙ (W_l x_l + b_l) + x_l.

    Wang et al., DCN V2, WWW 2021, section 3.2, and eq. 2 for the low rank.

    Args:
        columns: x.
        layers: L.
        rank: rank of W_l; None for a full matrix.
        generator: draws all weights.
    """

    def __init__(self, columns: int, layers: int, rank: int | None, generator: torch.Generator) -> None:
        super().__init__()

        def weight() -> nn.Module:
            if rank is None:
                return linear(columns, columns, generator)
            return nn.Sequential(
                linear(columns, rank, generator, bias=False), linear(rank, columns, generator)
            )

        self.layers = nn.ModuleList(weight() for _ in range(layers))
        self.rank = rank

    def forward(self, first: Tensor) -> Tensor:
        """Return x_L [b, x] of ``first``, x_0 [b, x]."""
        if self.rank == 1:
            return self._forward_rank_1(first)
        crossed = first
        for layer in self.layers:
            crossed = torch.addcmul(crossed, first, layer(crossed))
        return crossed

    def weighted(self, first: Sequence[Tensor], weights: Tensor) -> Tensor:
        """Return [b] ⟨w, x_L⟩ of a network of rank 1 without making any x_l: w is read as one more u.

        Args:
            first: parts [b, x_1], [b, x_2] and so on of x_0, which are never concatenated.
            weights: w [x].
        """
        return self._scales(first, weights[None])[-1][:, 0]

    def _forward_rank_1(self, first: Tensor) -> Tensor:
        """Return x_L where W_l = v_l u_lᵀ, reading x_0 once and writing x_L once.

        x_l = x_0 ⊙ (1 + Σ_{m≤l} (t_m v_m + b_m)) with t_l = ⟨u_l, x_{l-1}⟩.
        """
        v, bias = self._v_and_bias()
        return first * torch.addmm(bias[-1], torch.cat(self._scales((first,)), dim=1), v)

    def _v_and_bias(self) -> tuple[Tensor, Tensor]:
        """Return v_l and 1 + Σ_{m≤l} b_m, [L, x] each."""
        second = [list(layer.children())[1] for layer in self.layers]
        v = torch.stack([layer.get_parameter("weight")[:, 0] for layer in second])
        return v, 1 + torch.stack([layer.get_parameter("bias") for layer in second]).cumsum(0)

    def _scales(self, first: Sequence[Tensor], more: Tensor | None = None) -> list[Tensor]:
        """Return t_l [b, 1] of each layer, then of each row of ``more`` [·, x] as if it were one more u.

        t_l = ⟨x_0, u_l ⊙ (1 + Σ_{m<l} b_m)⟩ + Σ_{m<l} t_m ⟨x_0, u_l ⊙ v_m⟩.
        """
        v, bias = self._v_and_bias()
        u = torch.cat([next(iter(layer.children())).get_parameter("weight") for layer in self.layers])
        u = u if more is None else torch.cat([u, more])
        read = [u[:1], *(u[m] * torch.cat([bias[m - 1 : m], v[:m]]) for m in range(1, len(u)))]
        vectors = torch.split(torch.cat(read), [part.shape[1] for part in first], dim=1)
        products = first[0] @ vectors[0].T
        for part, of_part in zip(first[1:], vectors[1:], strict=True):
            products = torch.addmm(products, part, of_part.T)
        by_layer = torch.split(products, [len(rows) for rows in read], dim=1)
        scales = [by_layer[0]]
        for of_layer in by_layer[1:]:
            earlier = (torch.cat(scales, dim=1) * of_layer[:, 1:]).sum(1, keepdim=True)
            scales.append(of_layer[:, :1] + earlier)
        return scales
