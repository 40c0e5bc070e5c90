"""Scores: test labels and every cell's scores as arrays, which training makes and ablation compares."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from embedding_features.arrays import F32, I64
from ranking.experiment.importance import Importance


@dataclass(frozen=True)
class Scores:
    """Holds the scores of every ranker, variant and seed on the n test rows of one task.

    Attributes:
        label: [n] 0 or 1.
        user: [n] code of the row's user.
        item: [n] code of the row's item.
        user_count: [n] events of the row's user strictly before the row.
        item_count: [n] events of the row's item strictly before the row.
        snapshot_age: [n] days since the snapshot that the row was joined to; NaN where it was joined to none.
        scores: ranker → variant → [seeds, n] probability of label 1.
        base_rate: mean label of the training rows.
        domain: [n] domain of the row's item; None where the task has no domains.
        seconds: ranker → variant → seconds of training, mean over seeds.
        score_ms: ranker → variant → milliseconds of scoring a request, mean over seeds.
        validation: ranker → variant → log loss on the validation rows, mean over seeds.
        importance: importance of the fields of each ranker × variant, where it was measured.
    """

    label: F32
    user: I64
    item: I64
    user_count: I64
    item_count: I64
    snapshot_age: F32
    scores: Mapping[str, Mapping[str, F32]]
    base_rate: float
    domain: pa.Array | None = None
    seconds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    score_ms: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    validation: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    importance: tuple[Importance, ...] = ()
