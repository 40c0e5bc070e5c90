"""Embeddings of discrete fields: codes, bags and histories look up one shared table."""

import torch
from torch import Tensor, nn

from ranking.models.lookup import bag_sum, lookup
from ranking.models.schema import Schema
from ranking.models.tensors import Batch


class SparseArch(nn.Module):
    """Embeds discrete fields: [b, k, d], one embedding a field.

    A categorical field has its code's embedding, a bag the weighted sum of its codes' embeddings, and a
    history, where ``pooled``, the mean of its items'; in that order.

    In training the id of a user or item counts as the unknown one with chance ``id_dropout``, so that the
    unknown id has an embedding that was learned (Volkovs et al., DropoutNet, NIPS 2017).

    Args:
        schema: the fields.
        dim: d.
        id_dropout: see above; 0 drops no id.
        generator: draws the first embeddings and the ids that are dropped.
        pooled: whether histories are embedded here; DIN weighs their items itself.
        spread: standard deviation of the first embeddings.
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
        self.offsets = [history.offset for history in schema.histories] if pooled else []
        self.fields = len(schema.categorical) + len(schema.bags) + len(self.offsets)
        self.generator = generator
        # of each categorical field: the chance of being dropped, and the unknown code, [k]
        chances = [id_dropout * field.identity for field in schema.categorical]
        self.drops = any(chances)
        self.register_buffer("chance", torch.tensor(chances))
        self.register_buffer(
            "unknown", torch.tensor([field.offset for field in schema.categorical], dtype=torch.long)
        )

    def forward(self, batch: Batch) -> Tensor:
        """Return [b, k, d] embeddings."""
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
    """Return [b, length] float32 weights whose sum over the known items is their mean.

    Args:
        known: [b, length] bool; a row without a known item has only weights of 0.
    """
    return known / known.sum(1, keepdim=True).clamp(min=1)
