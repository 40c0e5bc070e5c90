"""The factor ``alignment``: how the representations of domains are drawn together while a ranker trains."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pyarrow.compute as pc

from embedding_features.arrays import I64
from embedding_features.errors import ConfigError
from ranking.dataset.dataset import Dataset
from ranking.experiment.arm import Arm
from ranking.experiment.factors.base import Factor, GridContext
from ranking.inputs.inputs import Inputs
from ranking.models.alignment import MMD, Adversarial, Coral, DomainAlignment
from ranking.models.base import Ranker

_ALIGNMENTS: dict[str, DomainAlignment] = {"mmd": MMD(), "coral": Coral(), "adversarial": Adversarial()}


class AlignmentFactor(Factor):
    """Varies the discrepancy by which a target domain and all others are aligned.

    Rankers without a representation are left out of aligned variants.
    """

    name: ClassVar[str] = "alignment"
    in_grid: ClassVar[str] = "alignments"
    levels: ClassVar[tuple[str, ...]] = ("none", *_ALIGNMENTS)
    default: ClassVar[str] = "none"

    def arm(self, level: str, arm: Arm, dataset: Dataset, grid: GridContext) -> Arm:
        """Return the arm with the rows' domains, and with rankers that align them.

        Raises:
            ConfigError: when there is no target domain, or no row is of it.
        """
        if level == self.default:
            return arm
        domain = _domain(dataset, arm.name, grid.target_domain)

        def aligned(ranker: Ranker) -> Ranker | None:
            in_arm = arm.ranker(ranker)
            if in_arm is None or not in_arm.represents:
                return None
            return in_arm.model_copy(update={"alignment": _ALIGNMENTS[level]})

        def inputs() -> Inputs:
            return replace(arm.inputs(), domain=domain)

        return replace(arm, inputs=inputs, ranker=aligned)

    def describe(self, level: str, variant: Mapping[str, str], grid: GridContext) -> tuple[str, ...]:
        """Return which domains are drawn together, and by which discrepancy."""
        if level == self.default:
            return ()
        return (f"{grid.target_domain} and the other domains drawn together by {level}",)

    def servable(self, level: str) -> bool:
        """Return whether nothing is aligned: a bundle's ranker is trained without domains."""
        return level == self.default


def _domain(dataset: Dataset, variant: str, target: str | None) -> I64:
    """Return the [n] domain of each row: 1 for the target, 0 for all others."""
    if dataset.domain is None or target is None:
        raise ConfigError(
            f"the variant {variant!r} aligns domains, and the task has none",
            fix="name the items' column of domains (task: item: domain) and a target_domain",
        )
    is_target = pc.equal(dataset.domain, target).fill_null(False)
    domain: I64 = np.asarray(is_target.to_numpy(zero_copy_only=False), np.int64)
    if not domain.any():
        domains = sorted(pc.unique(dataset.domain.drop_null()).to_pylist())
        raise ConfigError(f"no row is of the domain {target!r}", fix=f"name one of {', '.join(domains)}")
    return domain
