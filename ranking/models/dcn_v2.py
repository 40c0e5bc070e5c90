"""DCN-V2: explicit feature crosses of bounded degree, with learned weights."""

from collections.abc import Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from typing_extensions import override

from ranking.models.features import FeatureArch, TowerRanker, TwoTowers
from ranking.models.layers import LastLayer, linear
from ranking.models.module import ConcatenatedNetwork, RankerNetwork
from ranking.models.schema import Schema
from ranking.models.tensors import Batch


class DCNv2(TowerRanker):
    """Settings of DCN-V2, which crosses all features with each other, a degree more in each layer.

    Wang et al., DCN V2: Improved Deep & Cross Network and Practical Lessons for Web-scale Learning to Rank
    Systems, WWW 2021.

    x_0 = [embeddings of discrete fields, numbers, vectors]; x_{l+1} = x_0 ⊙ (W_l x_l + b_l) + x_l. In
    parallel, the last layer reads x_L beside the towers over x_0; stacked, the towers over x_L. There is a
    tower for discrete and one for continuous columns, where the paper has one for all.

    Attributes:
        layers: L, the cross layers.
        rank: W_l = U V with U [x, rank], V [rank, x]; None for a full matrix.
        structure: whether the towers stand beside the cross network or on it.
    """

    kind: Literal["dcn_v2"] = "dcn_v2"
    layers: int = Field(default=2, ge=1)
    rank: int | None = Field(default=None, ge=1)
    structure: Literal["parallel", "stacked"] = "parallel"

    @override
    def build(self, train: Batch, schema: Schema, generator: torch.Generator) -> RankerNetwork:
        return DCNv2Network(self, train, schema, generator)


class DCNv2Network(ConcatenatedNetwork):
    """Puts the cross network beside or below the two towers."""

    def __init__(self, settings: DCNv2, train: Batch, schema: Schema, generator: torch.Generator) -> None:
        super().__init__()
        self.features = FeatureArch(settings, train, schema, generator)
        self.split = self.features.discrete
        columns = self.split + self.features.continuous
        self.cross = CrossNetwork(columns, settings.layers, settings.rank, generator)
        self.towers = TwoTowers(
            (self.split, self.features.continuous), settings.discrete, settings.continuous, generator
        )
        self.parallel = settings.structure == "parallel"
        self.over = LastLayer(self.towers.width + columns * self.parallel, generator)

    def parts(self, batch: Batch) -> tuple[Tensor, ...]:
        """Return the last layers of both towers, in the parallel structure after x_L."""
        seen = self.features(batch)
        first = torch.cat([seen.discrete, seen.continuous], dim=1)
        crossed: Tensor = self.cross(first)
        if self.parallel:
            return (crossed, *self.towers(seen.discrete, seen.continuous))
        towers: tuple[Tensor, ...] = self.towers(crossed[:, : self.split], crossed[:, self.split :])
        return towers

    @override
    def head(self, *parts: Tensor) -> Tensor:
        logits: Tensor = self.over(*parts)
        return logits

    def forward(self, batch: Batch) -> Tensor:
        """Return the [b] logits of a batch.

        Parallel crosses of rank 1 go straight to the last layer: x_L is never made.
        """
        if not self.parallel or self.cross.rank != 1:
            return super().forward(batch)
        seen = self.features(batch)
        towers = self.towers(seen.discrete, seen.continuous)
        columns = self.split + self.features.continuous
        weights = torch.split(self.over.weight[0], [columns, *(part.shape[1] for part in towers)])
        logits = self.over.bias + self.cross.weighted((seen.discrete, seen.continuous), weights[0])
        for part, weight in zip(towers, weights[1:], strict=True):
            logits = torch.addmv(logits, part, weight)
        return logits


class CrossNetwork(nn.Module):
    """Computes x_L [b, x] of x_0 [b, x] by x_{l+1} = x_0 ⊙ (W_l x_l + b_l) + x_l.

    Section 3.2 of the paper, and eq. 2 for the low rank.

    Args:
        columns: x.
        layers: L.
        rank: rank of W_l; None for a full matrix.
        generator: of all weights.
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
