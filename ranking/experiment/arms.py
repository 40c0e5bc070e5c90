"""Makes the arms of an experiment: a variant's fields of a data set, changed by each of its factors."""

from embedding_features.errors import ConfigError
from ranking.dataset.dataset import Dataset
from ranking.encoders import Encoders
from ranking.experiment.arm import Arm
from ranking.experiment.factors.base import GridContext
from ranking.experiment.factors.features import pretrained_groups
from ranking.experiment.variants import Variant
from ranking.inputs.groups import FRESH_GROUP
from ranking.inputs.inputs import Inputs
from ranking.models.base import Ranker


def select(dataset: Dataset, variant: Variant, grid: GridContext) -> tuple[Inputs, Encoders]:
    """Return the inputs of a variant and their encoders; arrays are shared with the data set.

    Args:
        dataset: all fields.
        variant: says which of them it sees.
        grid: what its levels refer to.

    Raises:
        ConfigError: when the variant adds no field, as no snapshot of its method has such features.
    """
    encoders = dataset.encoders.select(lambda field: variant.sees(field, grid))
    groups = pretrained_groups(variant["features"])
    if groups and not any(field.group in groups for field in encoders.spec.fields):
        raise ConfigError(
            f"the variant {variant.name!r} has no field of its own",
            fix="give the data set what makes fresh figures, or leave it out"
            if groups == (FRESH_GROUP,)
            else f"derive and publish {variant['features']} of {variant['method'] or grid.families[0]}, "
            "or leave it out",
        )
    return dataset.inputs.select(frozenset(encoders.field_names())), encoders


def make_arm(dataset: Dataset, variant: Variant, grid: GridContext) -> Arm:
    """Return the arm of a variant: its fields of the data set, then what each of its factors does to it.

    Args:
        dataset: all fields and rows.
        variant: the levels.
        grid: what the levels refer to.

    Raises:
        ConfigError: when the data set or the grid lacks what a level needs.
    """
    fields = [field for field in dataset.encoders.spec.fields if variant.sees(field, grid)]

    def accepted(ranker: Ranker) -> Ranker | None:
        return ranker if ranker.accepts(fields) else None

    arm = Arm(variant.name, lambda: select(dataset, variant, grid)[0], dataset.parts, accepted)
    for factor, level in variant.chosen():
        arm = factor.arm(level, arm, dataset, grid)
    return arm
