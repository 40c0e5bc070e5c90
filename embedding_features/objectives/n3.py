"""The nuclear 3-norm penalty on the factors of a triple."""

from collections.abc import Iterable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from embedding_features.errors import ConfigError
from embedding_features.objectives.base import Objective, Step
from embedding_features.scorers.relations import RelationCompare


class N3(Objective):
    """Penalizes the cubes of the moduli of sources, relations and targets (:func:`n3`).

    Attributes:
        weight: of the penalty in the loss.
    """

    kind: Literal["n3"] = "n3"
    weight: float = Field(default=0.05, ge=0)

    def loss(self, step: Step) -> Tensor:
        """Return the weighted penalty of a batch, a scalar.

        Raises:
            ConfigError: when the scorer has no parameters of relations.
        """
        compare, examples, ego = step.compare, step.examples, step.ego
        if not isinstance(compare, RelationCompare) or examples.relation is None:
            raise ConfigError("n3 is a penalty on relations, and the task has none", fix="leave it out")
        moduli = compare.squared_moduli(ego.src), compare.relation_squared_moduli(examples.relation)
        if examples.of is not None:  # each of a query's triples counts
            moduli = moduli[0][examples.of], moduli[1][examples.of]
        return self.weight * n3((*moduli, compare.squared_moduli(ego.dst)))


def n3(squared_moduli: Iterable[Tensor]) -> Tensor:
    """Return the mean over triples of Σ_k |s_k|³ + |r_k|³ + |t_k|³.

    Lacroix, Usunier & Obozinski, Canonical Tensor Decomposition for Knowledge Base Completion, ICML 2018,
    eq. 4, without its factor of a third, so that weights mean what they do in the authors' code. Complex
    components count by their moduli, and are given squared because |x|³ = (x²)^{3/2} has the gradient 0 at 0.

    Args:
        squared_moduli: [batch, components] of the sources, the relations and the targets, as
            :meth:`.RelationCompare.squared_moduli` gives them.
    """
    return torch.stack([squares.pow(1.5).sum() / len(squares) for squares in squared_moduli]).sum()
