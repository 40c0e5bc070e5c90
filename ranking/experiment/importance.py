"""The importance of fields: how much a trained ranker relies on each of them."""

from dataclasses import replace
from typing import Literal

import numpy as np

from embedding_features.arrays import F64
from embedding_features.config import Config
from ranking.inputs.inputs import Field, Inputs, take_rows
from ranking.metrics.metrics import auc
from ranking.models.base import FittedRanker


class FieldImportance(Config):
    """Holds the importance of one field.

    Attributes:
        field: name of the field.
        group: its group, as variants name it: base, counts, knn, dense …
        value: see :attr:`Importance.method`.
    """

    field: str
    group: str
    value: float


class Importance(Config):
    """Holds the importance of all fields of one ranker × variant, the largest first.

    It is measured with the smallest seed, on validation rows.

    Attributes:
        ranker, variant: whose fields they are.
        method: ``shap``: mean absolute SHAP value in log odds (Lundberg et al. 2020, TreeSHAP), summed over a
            field's columns; ``permutation``: AUC lost when the field's rows are permuted (Breiman 2001).
        fields: the fields.
    """

    ranker: str
    variant: str
    method: Literal["shap", "permutation"]
    fields: tuple[FieldImportance, ...]


#: most rows that importance is measured on: enough to order the fields
ROWS = 4000


def importance(
    fitted: FittedRanker, inputs: Inputs, seed: int, ranker: str = "", variant: str = ""
) -> Importance:
    """Measure the importance of a ranker's fields.

    That is by the ranker's own contributions where it has them (trees: TreeSHAP), else by permuting one field
    at a time.

    Args:
        fitted: the ranker.
        inputs: rows the ranker did not learn from, of both classes; at most :data:`ROWS` of them are used.
        seed: seed of the choice of rows and of the permutations.
        ranker: name of the ranker in the result.
        variant: name of the variant in the result.
    """
    rng = np.random.default_rng(seed)
    rows = np.arange(len(inputs))
    if len(rows) > ROWS:
        rows = np.sort(rng.choice(rows, ROWS, replace=False))
    sample = inputs.take(rows)
    contributions = fitted.contributions(sample)
    method: Literal["shap", "permutation"] = "permutation" if contributions is None else "shap"
    values = _auc_lost(fitted, sample, rng) if contributions is None else np.abs(contributions).mean(axis=0)
    fields = [
        FieldImportance(field=field.name, group=field.group, value=float(value))
        for field, value in zip(sample.fields, values, strict=True)
    ]
    fields.sort(key=lambda field: (-field.value, field.field))
    return Importance(ranker=ranker, variant=variant, method=method, fields=tuple(fields))


def _auc_lost(fitted: FittedRanker, inputs: Inputs, rng: np.random.Generator) -> F64:
    """Return [fields] AUC lost when the values of a field are permuted over the rows."""
    unpermuted = auc(inputs.label, fitted.predict(inputs))
    lost = []
    for index in range(len(inputs.fields)):
        fields: list[Field] = list(inputs.fields)
        fields[index] = take_rows(fields[index], rng.permutation(len(inputs)))
        lost.append(unpermuted - auc(inputs.label, fitted.predict(replace(inputs, fields=tuple(fields)))))
    return np.array(lost)
