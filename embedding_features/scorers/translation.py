"""Relations as translations of the space."""

from typing import Literal

import torch
from torch import Tensor

from embedding_features.scorers.relations import RelationCompare, RelationScorer


class TransE(RelationScorer):
    """Scores by how near a source lands to the target when the relation's vector is added to it.

    score = −‖s + r − t‖₁ or −‖s + r − t‖₂ (Bordes et al., Translating Embeddings for Modeling
    Multi-relational Data, NIPS 2013, section 2), or ⟨s + r, t⟩, which a search by dot product can serve
    (El-Kishky et al., TwHIN, KDD 2022, section 4.1).

    Attributes:
        metric: ``"l1"``, ``"l2"`` or ``"dot"``.
    """

    kind: Literal["translation"] = "translation"
    metric: Literal["l1", "l2", "dot"] = "l2"

    def build(self, relations: int, dim: int, generator: torch.Generator) -> "Translation":
        """Build the operator with vectors of relations from N(0, std²)."""
        return Translation(self._draw(relations, dim, generator), self.metric)


class Translation(RelationCompare):
    """Adds the relation's vector [dim]."""

    def query(self, src: Tensor, relation: Tensor | None) -> Tensor:
        """Return s + r."""
        return src + self.relations[relation]

    def source_query(self, dst: Tensor, relation: Tensor) -> Tensor:
        """Return t − r; by dot product t itself, because ⟨r, t⟩ is the same for all sources."""
        return dst if self.metric == "dot" else dst - self.relations[relation]

    def rotated(self, rotation: Tensor) -> "Translation | None":
        """Return the operator of r @ rotation; None by L1, which a rotation changes."""
        if self.metric == "l1":
            return None
        return Translation(self.relations.detach() @ rotation, self.metric)
