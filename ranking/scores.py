"""The seam between training rankers and judging them: test labels and every cell's scores, as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from embedding_features.arrays import F32, I64


@dataclass(frozen=True)
class Scores:
    """Scores of every ranker, variant and seed on the test rows of one task.

    Attributes:
        label: [n] 0 or 1.
        user: [n] row code of the user; equal codes, equal user.
        item: [n] row code of the item.
        user_count: [n] events of the row's user strictly before the row.
        item_count: [n] events of the row's item strictly before the row.
        snapshot_age: [n] days since the snapshot the row was joined to; NaN where it was joined to none.
        scores: ranker → variant → [seeds, n] probability of label 1.
        seconds: ranker → variant → mean seconds of training a seed.
        base_rate: mean label of the training rows.
        validation: ranker → variant → mean log loss on the validation rows.
    """

    label: F32
    user: I64
    item: I64
    user_count: I64
    item_count: I64
    snapshot_age: F32
    scores: Mapping[str, Mapping[str, F32]]
    seconds: Mapping[str, Mapping[str, float]]
    base_rate: float
    validation: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
