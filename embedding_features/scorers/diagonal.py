"""Relations as weights of coordinates."""

from typing import Literal

import torch
from torch import Tensor

from embedding_features.scorers.relations import RelationCompare, RelationScorer


class DistMult(RelationScorer):
    """Scores by ⟨s ∘ r, t⟩ = Σ_k s_k r_k t_k, the same in both directions of an edge.

    Yang, Yih, He, Gao & Deng, Embedding Entities and Relations for Learning and Inference in Knowledge Bases,
    ICLR 2015, section 3.1.
    """

    kind: Literal["diagonal"] = "diagonal"
    metric: Literal["dot"] = "dot"

    def build(self, relations: int, dim: int, generator: torch.Generator) -> "Diagonal":
        """Build the operator with weights of coordinates from N(0, std²)."""
        return Diagonal(self._draw(relations, dim, generator), self.metric)


class Diagonal(RelationCompare):
    """Weighs each coordinate by the relation's [dim] numbers."""

    def query(self, src: Tensor, relation: Tensor | None) -> Tensor:
        """Return s ∘ r."""
        return src * self.relations[relation]

    def source_query(self, dst: Tensor, relation: Tensor) -> Tensor:
        """Return t ∘ r."""
        return dst * self.relations[relation]
