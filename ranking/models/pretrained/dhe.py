"""Deep hash embeddings of ids whose pretrained vector is absent."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from typing_extensions import override

from ranking.models.layers import linear, mlp
from ranking.models.pretrained.base import Pretrained, VectorArch, identity_columns, stack
from ranking.models.pretrained.projected import ProjectedVectors
from ranking.models.schema import Schema
from ranking.models.tensors import Batch

#: p of the hash functions, a prime below 2^31: products of two residues stay below 2^62
PRIME = 2_147_483_647
#: m of the paper's universal hash functions h(x) = ((a x + b) mod p) mod m
SLOTS = 1_000_000


class DHE(Pretrained):
    """Replaces absent vectors by deep hash embeddings of their ids.

    Kang et al., Learning to Embed Categorical Features without Embedding Tables for Recommendation, KDD 2021:
    many hashes of an id, each a number in [−1, 1], are decoded by an MLP. Here an id whose vector is present
    keeps it, projected; an id without a vector gets the decoded hashes, which need no table.

    An id is hashed by its key (:attr:`.Category.key`), or by its code where it has none.

    Attributes:
        hashes: k, the numbers that encode an id.
        hidden: sizes of the decoder's hidden layers.
    """

    kind: Literal["dhe"] = "dhe"
    hashes: int = Field(default=64, ge=1)
    hidden: tuple[int, ...] = Field(default=(64,), min_length=1)

    @override
    def build(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> VectorArch:
        return HashedVectors(self, train, schema, dim, generator)


class HashedVectors(ProjectedVectors):
    """Gives P v where v is present, else the decoded hashes of the id; each vector field has a decoder."""

    def __init__(
        self, settings: DHE, train: Batch, schema: Schema, dim: int, generator: torch.Generator
    ) -> None:
        super().__init__(train, schema, dim, generator)
        ids = [schema.categorical[position] for position in identity_columns(schema, "dhe")]
        self.keys = [(field.key, schema.categorical.index(field)) for field in ids]
        self.encoder = HashEncoder(settings.hashes, generator)
        self.decoders = nn.ModuleList(
            nn.Sequential(
                mlp([settings.hashes, *settings.hidden], generator),
                linear(settings.hidden[-1], dim, generator),
            )
            for _ in ids
        )

    @override
    def forward(self, batch: Batch, embedded: Tensor) -> Tensor:
        embeddings = []
        for column, (key, position) in enumerate(self.keys):
            ids = batch.categorical[:, position] if key is None else batch.keys[:, key]
            absent = batch.rows[:, [column]] == 0
            decoded = self.decoders[column](self.encoder(ids))
            embeddings.append(torch.where(absent, decoded, self.column(batch, column)))
        return stack([*embeddings, *self.pooled(batch)], batch)


class HashEncoder(nn.Module):
    """Encodes an id by k numbers in [−1, 1]: its hashes ((a x + c) mod p) mod m, scaled.

    Args:
        hashes: k.
        generator: draws a and c.
    """

    a: Tensor
    c: Tensor

    def __init__(self, hashes: int, generator: torch.Generator) -> None:
        super().__init__()
        self.register_buffer("a", torch.randint(1, PRIME, (hashes,), generator=generator))
        self.register_buffer("c", torch.randint(0, PRIME, (hashes,), generator=generator))

    def forward(self, ids: Tensor) -> Tensor:
        """Return the encoding [b, k] of int64 ids [b]."""
        # a 64-bit key is folded to a residue first: its halves, each below the prime, weighted apart
        low, high = ids & 0x7FFFFFFF, (ids >> 31) & 0x7FFFFFFF
        folded = (low + 48_271 * high) % PRIME
        slots = (folded[:, None] * self.a + self.c) % PRIME % SLOTS
        return slots.float() * (2 / (SLOTS - 1)) - 1
