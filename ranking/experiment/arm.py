"""One arm of an experiment: a variant's rows, and each ranker as it is trained on them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from embedding_features.arrays import I64
from ranking.inputs.inputs import Inputs
from ranking.models.base import Ranker


@dataclass(frozen=True)
class Arm:
    """A variant made ready to train.

    Attributes:
        name: of the variant.
        inputs: cuts the variant's fields out of a data set; called when a ranker needs them.
        parts: part of the split → its rows of those inputs. The test rows are the same in all arms.
        ranker: returns the ranker as it is trained here; None where its kind cannot be.
    """

    name: str
    inputs: Callable[[], Inputs]
    parts: Mapping[str, I64]
    ranker: Callable[[Ranker], Ranker | None]
