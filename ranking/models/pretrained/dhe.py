"""Deep hash embeddings in the place of vectors that are absent."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from ranking.models.layers import linear, mlp
from ranking.models.pretrained.base import Pretrained, VectorArch, identity_columns, stack
from ranking.models.pretrained.projected import ProjectedVectors
from ranking.models.schema import Schema
from ranking.models.tensors import Batch

#: a prime below 2^31: products of two residues stay below 2^62
PRIME = 2_147_483_647
#: m of the paper's universal hash functions h(x) = ((a x + b) mod p) mod m
SLOTS = 1_000_000


class DHE(Pretrained):
    """Kang et al., Learning to Embed Categorical Features without Embedding Tables for Recommendation,
    KDD 2021: many hashes of an id, each a number in [−1, 1], decoded by an MLP. Here an id whose vector is
    present keeps it, projected; one without a row gets the decoded hashes, which need no row.

    An id is hashed by its key (:attr:`.Categorical.key`), or by its code where it has none.

    Attributes:
        hashes: k, the numbers an id is encoded in.
        hidden: layers of the decoder.
    """

    kind: Literal["dhe"] = "dhe"
    hashes: int = Field(default=64, ge=1)
    hidden: tuple[int, ...] = Field(default=(64,), min_length=1)

    def build(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> VectorArch:
        return HashedVectors(self, train, schema, dim, generator)


class HashedVectors(ProjectedVectors):
    """P v where v is present, else the decoded hashes of the id; one decoder a vector field."""

    def __init__(
        self, settings: DHE, train: Batch, schema: Schema, dim: int, generator: torch.Generator
    ) -> None:
        super().__init__(train, schema, dim, generator)
        ids = [schema.categorical[at] for at in identity_columns(schema, "dhe")]
        self.keys = [(field.key, schema.categorical.index(field)) for field in ids]
        self.encoder = HashEncoder(settings.hashes, generator)
        self.decoders = nn.ModuleList(
            nn.Sequential(
                mlp([settings.hashes, *settings.hidden], generator),
                linear(settings.hidden[-1], dim, generator),
            )
            for _ in ids
        )

    def forward(self, batch: Batch, embedded: Tensor) -> Tensor:  # noqa: ARG002
        found = []
        for column, (key, at) in enumerate(self.keys):
            ids = batch.categorical[:, at] if key is None else batch.keys[:, key]
            absent = batch.rows[:, [column]] == 0
            found.append(
                torch.where(absent, self.decoders[column](self.encoder(ids)), self.column(batch, column))
            )
        return stack([*found, *self.pooled(batch)], batch)


class HashEncoder(nn.Module):
    """[b] int64 ids to [b, k] numbers in [−1, 1]: ((a x + c) mod p) mod m, evenly spread."""

    a: Tensor
    c: Tensor

    def __init__(self, hashes: int, generator: torch.Generator) -> None:
        super().__init__()
        self.register_buffer("a", torch.randint(1, PRIME, (hashes,), generator=generator))
        self.register_buffer("c", torch.randint(0, PRIME, (hashes,), generator=generator))

    def forward(self, ids: Tensor) -> Tensor:
        # a 64-bit key is folded to a residue first: its halves, each below the prime, weighted apart
        low, high = ids & 0x7FFFFFFF, (ids >> 31) & 0x7FFFFFFF
        folded = (low + 48_271 * high) % PRIME
        slots = (folded[:, None] * self.a + self.c) % PRIME % SLOTS
        return slots.float() * (2 / (SLOTS - 1)) - 1
