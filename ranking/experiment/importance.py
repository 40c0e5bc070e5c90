"""How much a trained ranker leans on each of its fields."""

from dataclasses import replace
from typing import Literal

import numpy as np

from embedding_features.arrays import F64
from embedding_features.config import Config
from ranking.inputs.inputs import Field, Inputs, take_rows
from ranking.metrics.metrics import auc
from ranking.models.base import FittedRanker


class FieldImportance(Config):
    """How much a ranker leans on a field: ``group`` as variants name it (base, counts, knn, dense …)."""

    field: str
    group: str
    value: float


class Importance(Config):
    """Of one ranker × variant, its smallest seed, on validation rows; the largest first.

    Attributes:
        method: ``shap``: mean absolute SHAP value in log odds (Lundberg et al. 2020, TreeSHAP), summed over a
            field's columns; ``permutation``: AUC lost when the field's rows are permuted (Breiman 2001).
    """

    ranker: str
    variant: str
    method: Literal["shap", "permutation"]
    fields: tuple[FieldImportance, ...]


#: rows that are enough to order the fields by
ROWS = 4000


def importance(
    fitted: FittedRanker, inputs: Inputs, seed: int, ranker: str = "", variant: str = ""
) -> Importance:
    """Of trees by TreeSHAP, of networks by permuting one field at a time.

    Args:
        inputs: rows the ranker did not learn from, of both classes; at most :data:`ROWS` are looked at.
        seed: of the choice of rows and the permutations.
    """
    rng = np.random.default_rng(seed)
    rows = np.arange(len(inputs))
    if len(rows) > ROWS:
        rows = np.sort(rng.choice(rows, ROWS, replace=False))
    looked = inputs.take(rows)
    contributions = fitted.contributions(looked)
    method: Literal["shap", "permutation"] = "permutation" if contributions is None else "shap"
    values = _permuted(fitted, looked, rng) if contributions is None else np.abs(contributions).mean(axis=0)
    fields = [
        FieldImportance(field=field.name, group=field.group, value=float(value))
        for field, value in zip(looked.fields, values, strict=True)
    ]
    fields.sort(key=lambda one: (-one.value, one.field))
    return Importance(ranker=ranker, variant=variant, method=method, fields=tuple(fields))


def _permuted(fitted: FittedRanker, inputs: Inputs, rng: np.random.Generator) -> F64:
    """[fields] AUC lost when the field's values go to other rows."""
    whole = auc(inputs.label, fitted.predict(inputs))
    lost = []
    for place in range(len(inputs.fields)):
        fields: list[Field] = list(inputs.fields)
        fields[place] = take_rows(fields[place], rng.permutation(len(inputs)))
        lost.append(whole - auc(inputs.label, fitted.predict(replace(inputs, fields=tuple(fields)))))
    return np.array(lost)
