"""Arms of an experiment: variants made ready to train."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow.compute as pc

from embedding_features.arrays import I64
from embedding_features.errors import ConfigError
from ranking.dataset.dataset import Dataset
from ranking.encoders import Encoders
from ranking.experiment.variants import FEATURES, STRONG, Alignment, Variant
from ranking.inputs.inputs import Inputs
from ranking.models import LightGBM, Ranker
from ranking.models.alignment import MMD, Adversarial, Coral
from ranking.models.network import NetworkRanker

_ALIGNMENTS: dict[Alignment, MMD | Coral | Adversarial | None] = {
    "none": None,
    "mmd": MMD(),
    "coral": Coral(),
    "adversarial": Adversarial(),
}


@dataclass(frozen=True)
class Arm:
    """A variant's rows, and what a ranker is in it.

    Attributes:
        inputs: cuts the variant's fields; called when a ranker needs them.
        parts: part of the split → its rows of those inputs. The test rows are the same in all arms.
        ranker: the ranker as it is trained here; None where its kind cannot be.
    """

    variant: Variant
    inputs: Callable[[], Inputs]
    parts: Mapping[str, I64]
    ranker: Callable[[Ranker], Ranker | None]

    @property
    def name(self) -> str:
        return self.variant.name


def select(dataset: Dataset, variant: Variant, first: str) -> tuple[Inputs, Encoders]:
    """The fields of a variant; arrays are shared.

    Args:
        first: the family of a variant that names no method.

    Raises:
        ConfigError: when the variant adds nothing, for no snapshot of its method has such features.
    """
    encoders = dataset.encoders.select(lambda field: variant.has(field, first))
    own = set(FEATURES[variant.features]) - set(STRONG)
    if own and not any(field.group in own for field in encoders.spec.fields):
        raise ConfigError(
            f"the variant {variant.name!r} has no field of its own",
            fix=f"derive and publish {variant.features} of {variant.method or first}, or leave it out",
        )
    return dataset.inputs.select(frozenset(encoders.names())), encoders


def feature_arm(dataset: Dataset, variant: Variant, first: str, target: str | None = None) -> Arm:
    """An arm whose features come from the store.

    Args:
        first: see :func:`select`.
        target: the domain that is aligned with all others.

    Raises:
        ConfigError: when an aligned variant has no target, or no row is of it.
    """
    if variant.alignment == "none":
        return Arm(
            variant,
            lambda: select(dataset, variant, first)[0],
            dataset.parts,
            lambda ranker: ranker if _has_food(ranker, dataset, variant, first) else None,
        )
    domain = _domain(dataset, variant, target)

    def aligned(ranker: Ranker) -> Ranker | None:
        if not isinstance(ranker, NetworkRanker):
            return None
        return ranker.model_copy(update={"alignment": _ALIGNMENTS[variant.alignment]})

    def inputs() -> Inputs:
        return replace(select(dataset, variant, first)[0], domain=domain)

    return Arm(variant, inputs, dataset.parts, aligned)


def _has_food(ranker: Ranker, dataset: Dataset, variant: Variant, first: str) -> bool:
    """Whether the ranker can learn from the variant: trees leave out ids, and may be left with nothing."""
    fields = [field for field in dataset.encoders.spec.fields if variant.has(field, first)]
    only_ids = all(getattr(field, "identity", False) for field in fields)
    return not (isinstance(ranker, LightGBM) and only_ids)


def _domain(dataset: Dataset, variant: Variant, target: str | None) -> I64:
    """[n] 1 of the target domain, 0 of others."""
    if dataset.domain is None or target is None:
        raise ConfigError(
            f"the variant {variant.name!r} aligns domains, and the task has none",
            fix="name the items' column of domains (task: item: domain) and a target_domain",
        )
    domain = pc.equal(dataset.domain, target).fill_null(False)
    found: I64 = np.asarray(domain.to_numpy(zero_copy_only=False), np.int64)
    if not found.any():
        there = sorted(pc.unique(dataset.domain.drop_null()).to_pylist())
        raise ConfigError(f"no row is of the domain {target!r}", fix=f"name one of {', '.join(there)}")
    return found
