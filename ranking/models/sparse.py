"""Discrete fields as embeddings: codes, bags and histories of one shared table."""

import torch
from torch import Tensor, nn

from ranking.models.lookup import bag_sum, lookup
from ranking.models.schema import Schema
from ranking.models.tensors import Batch


class SparseArch(nn.Module):
    """Discrete fields to [b, k, d]: a code's embedding, a bag's weighted sum of embeddings, the mean of a
    history's where ``pooled``; in that order.

    While it trains, the id of a user or item is taken for the unknown one with chance ``id_dropout``, so
    that the unknown has an embedding that was learned (Volkovs et al., DropoutNet, NIPS 2017).
    """

    chance: Tensor
    unknown: Tensor

    def __init__(
        self,
        schema: Schema,
        dim: int,
        id_dropout: float,
        generator: torch.Generator,
        pooled: bool = True,
        spread: float = 0.05,
    ) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.empty(schema.rows, dim))
        nn.init.normal_(self.table, std=spread, generator=generator)
        self.offsets = [sequence.offset for sequence in schema.histories] if pooled else []
        self.fields = len(schema.categorical) + len(schema.bags) + len(self.offsets)
        self.generator = generator
        # [k] the chance of being dropped, and the unknown code
        chances = [id_dropout * field.identity for field in schema.categorical]
        self.drops = any(chances)
        self.register_buffer("chance", torch.tensor(chances))
        self.register_buffer(
            "unknown", torch.tensor([field.offset for field in schema.categorical], dtype=torch.long)
        )

    def forward(self, batch: Batch) -> Tensor:
        codes = batch.categorical
        if self.training and self.drops:
            drawn = torch.rand(codes.shape, generator=self.generator)
            codes = torch.where(drawn < self.chance, self.unknown, codes)
        embedded = [lookup(self.table, codes)]
        embedded += [bag_sum(self.table, ids, weights)[:, None] for ids, weights in batch.bags]
        for offset, (ids, _) in zip(self.offsets, batch.histories, strict=False):
            embedded.append(bag_sum(self.table, ids, mean_weights(ids != offset))[:, None])
        return torch.cat(embedded, dim=1) if len(embedded) > 1 else embedded[0]


def mean_weights(known: Tensor) -> Tensor:
    """[b, length] float32 that sum what is known [b, length] to its mean; 0 throughout where nothing is."""
    return known / known.sum(1, keepdim=True).clamp(min=1)
