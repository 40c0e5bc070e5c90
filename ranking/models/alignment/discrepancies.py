"""Domain alignment by a discrepancy with a closed form: MMD and CORAL."""

from typing import Literal, Self

import torch
from pydantic import Field, model_validator
from typing_extensions import override

from embedding_features.discrepancy import coral, mmd2_biased, mmd2_linear, mmd2_unbiased
from embedding_features.discrepancy.kernels import FACTORS
from ranking.models.alignment.base import DomainAlignment
from ranking.models.alignment.term import Discrepancy

_ESTIMATES = {"biased": mmd2_biased, "unbiased": mmd2_unbiased, "linear": mmd2_linear}


class MMD(DomainAlignment):
    """Aligns domains by the squared maximum mean discrepancy.

    Gretton et al., JMLR 2012; as a loss of deep networks by Long et al., Deep Adaptation Networks, ICML 2015.

    Attributes:
        estimate: ``"unbiased"`` or ``"biased"``, in O(b²) for a batch of b rows, or ``"linear"``, for batches
            of many thousand rows. Learned weights need the biased one, which is never below 0.
        factors: bandwidths of the kernels, as multiples of the median distance.
    """

    kind: Literal["mmd"] = "mmd"
    estimate: Literal["biased", "unbiased", "linear"] = "unbiased"
    factors: tuple[float, ...] = Field(default=FACTORS, min_length=1)

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if min(self.factors) <= 0:
            raise ValueError(f"factors {self.factors} are not all above 0")
        if self.weight == "uncertainty" and self.estimate != "biased":
            raise ValueError(
                f"the {self.estimate} estimate may be below 0, which no learned weight bears; "
                "set estimate: biased, or a weight"
            )
        return self

    @override
    def discrepancy(self, width: int, generator: torch.Generator) -> Discrepancy:
        estimate = _ESTIMATES[self.estimate]
        return lambda source, target, strength: strength * estimate(source, target, self.factors)


class Coral(DomainAlignment):
    """Aligns domains by their covariances; their means stay free.

    Sun & Saenko, Deep CORAL, ECCV workshops 2016.
    """

    kind: Literal["coral"] = "coral"

    @override
    def discrepancy(self, width: int, generator: torch.Generator) -> Discrepancy:
        return lambda source, target, strength: strength * coral(source, target)
