"""Relations as rotations of complex coordinates."""

from typing import Literal

import torch
from torch import Tensor

from embedding_features.scorers.halves import check_even, complex_product, halves, squared_moduli
from embedding_features.scorers.relations import RelationCompare, RelationScorer


class RotatE(RelationScorer):
    """Scores by how near a source lands to the target when each complex coordinate is turned by an angle.

    score = −Σ_k |s_k e^{iθ_k} − t_k| over dim / 2 complex coordinates (Sun, Deng, Nie & Tang, RotatE:
    Knowledge Graph Embedding by Relational Rotation in Complex Space, ICLR 2019, section 3, summed as in
    their code), or the Euclidean −‖s ∘ e^{iθ} − t‖₂, which a search by Euclidean distance can serve.

    Attributes:
        metric: ``"moduli"`` or ``"l2"``.
    """

    kind: Literal["rotation"] = "rotation"
    metric: Literal["moduli", "l2"] = "moduli"

    def build(self, relations: int, dim: int, generator: torch.Generator) -> "Rotation":
        """Build the operator with angles from N(0, std²); ``dim`` is even.

        The paper draws them evenly from the whole circle. Small ones let the ends of an edge, of whatever
        relation, move towards each other from the first step on, which ends in better ranks.
        """
        check_even(dim, self.kind)
        return Rotation(self._draw(relations, dim // 2, generator), self.metric)


class Rotation(RelationCompare):
    """Turns each complex coordinate by the relation's [dim / 2] angles, in radians."""

    def query(self, src: Tensor, relation: Tensor | None) -> Tensor:
        """Return s ∘ e^{iθ}."""
        return complex_product(src, _turn(self.relations[relation]))

    def source_query(self, dst: Tensor, relation: Tensor) -> Tensor:
        """Return t ∘ e^{−iθ}: distances do not change when both ends are turned back."""
        return complex_product(dst, _turn(-self.relations[relation]))

    def relation_vectors(self) -> Tensor:
        """Return e^{iθ} [relations, dim], by which sources are multiplied."""
        return _turn(self.relations)

    def start_from(self, vectors: Tensor) -> Tensor:
        """Return the angles of published e^{iθ}."""
        real, imaginary = halves(vectors)
        return torch.atan2(imaginary, real)

    def squared_moduli(self, vectors: Tensor) -> Tensor:
        """Return |v_k|² [..., dim / 2] of nodes' vectors; a relation's are all 1."""
        return squared_moduli(vectors)

    def relation_squared_moduli(self, relation: Tensor) -> Tensor:
        """Return ones [..., dim / 2]: |e^{iθ}| = 1."""
        return torch.ones_like(self.relations[relation])


def _turn(angles: Tensor) -> Tensor:
    """Return e^{iθ} as [..., 2 · components] real numbers."""
    return torch.cat([angles.cos(), angles.sin()], dim=-1)
