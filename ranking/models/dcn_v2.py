"""DCN-V2: feature crosses of bounded degree, explicit and learned."""

from collections.abc import Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from ranking.models.features import FeatureArch, TowerRanker, TwoTowers
from ranking.models.layers import LastLayer, linear
from ranking.models.module import ConcatenatedNetwork, RankerNetwork
from ranking.models.schema import Schema
from ranking.models.tensors import Batch


class DCNv2(TowerRanker):
    """Wang et al., DCN V2: Improved Deep & Cross Network and Practical Lessons for Web-scale Learning to Rank
    Systems, WWW 2021.

    x_0 = [embeddings of discrete fields, numbers, vectors]; x_{l+1} = x_0 ⊙ (W_l x_l + b_l) + x_l. In
    parallel, the last layer reads x_L beside the towers over x_0; stacked, the towers over x_L. The towers
    keep what is discrete and what is continuous apart, where the paper has one.

    Attributes:
        layers: L.
        rank: W_l = U V with U [x, rank], V [rank, x]; None: a full matrix.
    """

    kind: Literal["dcn_v2"] = "dcn_v2"
    layers: int = Field(default=2, ge=1)
    rank: int | None = Field(default=None, ge=1)
    structure: Literal["parallel", "stacked"] = "parallel"

    def build(self, train: Batch, schema: Schema, generator: torch.Generator) -> RankerNetwork:
        return DCNv2Network(self, train, schema, generator)


class DCNv2Network(ConcatenatedNetwork):
    """b rows, x columns of x_0."""

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
        """Both towers' last layers; of the parallel network x_L before them."""
        seen = self.features(batch)
        first = torch.cat([seen.discrete, seen.continuous], dim=1)
        crossed: Tensor = self.cross(first)
        if self.parallel:
            return (crossed, *self.towers(seen.discrete, seen.continuous))
        towers: tuple[Tensor, ...] = self.towers(crossed[:, : self.split], crossed[:, self.split :])
        return towers

    def head(self, *parts: Tensor) -> Tensor:
        logits: Tensor = self.over(*parts)
        return logits

    def forward(self, batch: Batch) -> Tensor:
        """[b] logits; of crosses of vectors, that go straight to the last layer, without making x_L."""
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
    """[b, x] to [b, x]: x_{l+1} = x_0 ⊙ (W_l x_l + b_l) + x_l (section 3.2, and eq. 2 for the low rank)."""

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
        if self.rank == 1:
            return self._of_vectors(first)
        crossed = first
        for layer in self.layers:
            crossed = torch.addcmul(crossed, first, layer(crossed))
        return crossed

    def weighted(self, first: Sequence[Tensor], weights: Tensor) -> Tensor:
        """[b] ⟨w, x_L⟩ of rank 1: one more vector is read, as if it were u_{L+1}, and no x_l is made.

        Args:
            first: parts [b, x_1], [b, x_2] … of x_0 that are never put together.
            weights: w [x].
        """
        return self._scales(first, weights[None])[-1][:, 0]

    def _of_vectors(self, first: Tensor) -> Tensor:
        """With W_l = v_l u_lᵀ, x_l = x_0 ⊙ (1 + Σ_{m≤l} (t_m v_m + b_m)), t_l = ⟨u_l, x_{l-1}⟩: x_0 is read
        once, x_L written once."""
        v, bias = self._written()
        return first * torch.addmm(bias[-1], torch.cat(self._scales((first,)), dim=1), v)

    def _written(self) -> tuple[Tensor, Tensor]:
        """v_l, and 1 + Σ_{m≤l} b_m, [L, x] each."""
        writes = [list(layer.children())[1] for layer in self.layers]
        v = torch.stack([layer.get_parameter("weight")[:, 0] for layer in writes])
        return v, 1 + torch.stack([layer.get_parameter("bias") for layer in writes]).cumsum(0)

    def _scales(self, first: Sequence[Tensor], more: Tensor | None = None) -> list[Tensor]:
        """t_l = ⟨x_0, u_l ⊙ (1 + Σ_{m<l} b_m)⟩ + Σ_{m<l} t_m ⟨x_0, u_l ⊙ v_m⟩, [b, 1] each; ``more`` u [·, x]
        come after those of the layers."""
        v, bias = self._written()
        u = torch.cat([next(iter(layer.children())).get_parameter("weight") for layer in self.layers])
        u = u if more is None else torch.cat([u, more])
        read = [u[:1], *(u[m] * torch.cat([bias[m - 1 : m], v[:m]]) for m in range(1, len(u)))]
        vectors = torch.split(torch.cat(read), [part.shape[1] for part in first], dim=1)
        dots = first[0] @ vectors[0].T
        for part, own in zip(first[1:], vectors[1:], strict=True):
            dots = torch.addmm(dots, part, own.T)
        found = torch.split(dots, [len(of_layer) for of_layer in read], dim=1)
        scales = [found[0]]
        for of_layer in found[1:]:
            known = (torch.cat(scales, dim=1) * of_layer[:, 1:]).sum(1, keepdim=True)
            scales.append(of_layer[:, :1] + known)
        return scales
