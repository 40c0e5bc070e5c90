"""Relations as complex weights of complex coordinates."""

from typing import Literal

import torch
from torch import Tensor

from embedding_features.scorers.halves import check_even, complex_product, conjugate, squared_moduli
from embedding_features.scorers.relations import RelationCompare, RelationScorer


class ComplEx(RelationScorer):
    """Scores by Re Σ_k s_k r_k t̄_k over dim / 2 complex coordinates, so that directions may differ.

    Trouillon, Welbl, Riedel, Gaussier & Bouchard, Complex Embeddings for Simple Link Prediction, ICML 2016,
    eq. 9–11. It is the dot product of s ∘ r and t as vectors of dim real numbers: real parts, then imaginary
    parts.
    """

    kind: Literal["complex"] = "complex"
    metric: Literal["dot"] = "dot"

    def build(self, relations: int, dim: int, generator: torch.Generator) -> "Complex":
        """Build the operator with real and imaginary parts from N(0, std²); ``dim`` is even."""
        check_even(dim, self.kind)
        return Complex(self._draw(relations, dim, generator), self.metric)


class Complex(RelationCompare):
    """Multiplies by the relation's dim / 2 complex numbers."""

    def query(self, src: Tensor, relation: Tensor | None) -> Tensor:
        """Return s ∘ r."""
        return complex_product(src, self.relations[relation])

    def source_query(self, dst: Tensor, relation: Tensor) -> Tensor:
        """Return t ∘ r̄, because Re(s r t̄) = Re(s · conj(t r̄))."""
        return complex_product(dst, conjugate(self.relations[relation]))

    def squared_moduli(self, vectors: Tensor) -> Tensor:
        """Return |v_k|² [..., dim / 2]."""
        return squared_moduli(vectors)
