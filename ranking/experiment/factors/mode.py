"""The factor ``mode``: whether vectors come from the store or from an encoder inside the ranker."""

from collections.abc import Mapping
from typing import ClassVar

from embedding_features.errors import ConfigError
from ranking.dataset.dataset import Dataset
from ranking.experiment.arm import Arm
from ranking.experiment.factors.base import Factor, GridContext


class ModeFactor(Factor):
    """Varies where vectors come from.

    They come from the store (``feature``), or are computed by the pretrained encoder inside the ranker
    (``submodel``).
    """

    name: ClassVar[str] = "mode"
    in_grid: ClassVar[str] = "modes"
    levels: ClassVar[tuple[str, ...]] = ("feature", "submodel")
    default: ClassVar[str] = "feature"

    def check(self, level: str, variant: Mapping[str, str]) -> None:
        """Check that a sub-model is combined with the features that it can compute."""
        computed = {"features": "dense", "whose": "both", "method": ""}
        if level == "submodel" and any(variant[name] != needed for name, needed in computed.items()):
            raise ValueError("a sub-model computes the dense features of both sides, of its own method")

    def check_grid(self, level: str, grid: GridContext) -> None:
        """Check that the pipeline has an encoder for a sub-model."""
        if level == "submodel" and grid.sub_model is None:
            raise ValueError("the grid has a sub-model, and the pipeline no section submodel")

    def arm(self, level: str, arm: Arm, dataset: Dataset, grid: GridContext) -> Arm:
        """Return the sub-model's own arm, whose rows are later than its encoder."""
        if level == "feature":
            return arm
        if grid.sub_model is None or grid.sub_model.arm is None:
            raise ConfigError(f"the variant {arm.name!r} has no encoder", fix="add a section submodel")
        return grid.sub_model.arm(arm.name)

    def describe(self, level: str, variant: Mapping[str, str], grid: GridContext) -> tuple[str, ...]:
        """Return which encoder computes the vectors, and what its ranker learned from."""
        if level == "feature" or grid.sub_model is None:
            return ()
        return (
            f"computed by the encoder of {grid.sub_model.family} inside the ranker",
            f"trained on rows later than its moment, {grid.sub_model.as_of:%Y-%m-%d}",
        )

    def servable(self, level: str) -> bool:
        """Return whether the vectors come from the store."""
        return level == "feature"
