"""The arm of an experiment: a variant made ready to train."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from embedding_features.arrays import I64
from ranking.inputs.inputs import Inputs
from ranking.models.base import Ranker


@dataclass(frozen=True)
class Arm:
    """Holds a variant's inputs, and how each ranker is trained on them.

    A variant says what it consists of; its arm, as in a trial, is that on the rows of one data set. Factors
    change arms (:meth:`.Factor.arm`).

    Attributes:
        name: name of the variant.
        inputs: returns the inputs with the variant's fields; called when a ranker needs them.
        parts: part of the split → its rows of those inputs. The test rows are the same in all arms.
        ranker: returns the ranker as it is trained in this arm; None for a ranker that cannot be.
    """

    name: str
    inputs: Callable[[], Inputs]
    parts: Mapping[str, I64]
    ranker: Callable[[Ranker], Ranker | None]
