"""Meanings that methods give to the weights of edges, and the check that none is misread."""

from typing import Literal

import numpy as np

from embedding_features.arrays import F32
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR

#: ``ignored``: every pair counts alike; ``confidence``: the larger, the surer the like, and 0 says nothing;
#: ``signed``: above 0 a like, below 0 a dislike; ``values``: what is to be predicted, such as a rating
WeightUse = Literal["ignored", "confidence", "signed", "values"]

_RULES: dict[WeightUse, str] = {
    "ignored": "counts every pair alike whatever its weight, so that all weights must be above 0",
    "confidence": "reads weights as confidence and needs weights that are not negative and not all 0",
    "signed": "reads likes and dislikes from the sign of weights, so that none may be 0",
    "values": "predicts weights, so that all must be numbers",
}


def check_weights(relation: str, weight: F32, use: WeightUse) -> None:
    """Check that a method reads the weights as they are meant.

    Args:
        relation: name of the relation, for errors.
        weight: [pairs] summed weights of each pair's edges.
        use: what the method makes of them.

    Raises:
        GraphError: naming the relation, how many weights are wrong, the rule and the fix.
    """
    above, below, zero = weight > 0, weight < 0, weight == 0
    fine = {
        "ignored": above,
        "confidence": above | (zero & above.any()),
        "signed": above | below,
        "values": above | below | zero,
    }[use]
    if fine.all():
        return
    counts = {"negative": below, "zero": zero, "NaN": ~(above | below | zero)}
    found = " and ".join(f"{int(some.sum()):,} {name}" for name, some in counts.items() if some.any())
    raise GraphError(
        f"relation {relation!r} has {found} weights among its {len(weight):,} pairs (the weights of a pair's"
        f" edges added up), the least is {weight.min():g}; this method {_RULES[use]}",
        fix=_fix(use, below.any()),
    )


def check_ignored(relation: str, edges: CSR) -> None:
    """Check that all weights are above 0 where every pair is about to count as 1.

    Raises:
        GraphError: see :func:`check_weights`.
    """
    if edges.weight is not None and not (edges.weight > 0).all():
        check_weights(relation, edges.merged("sum").weights(), "ignored")


def _fix(use: WeightUse, negative: np.bool_) -> str:
    if use == "signed":
        return "filter pairs whose weights add up to 0 (`filter:` of the relation)"
    if use == "values":
        return "leave out edges whose weight is no number (`filter:` of the relation)"
    apart = "keep likes with `filter:`, such as `weight > 0`, and put the rest into a relation of its own"
    return f"{apart}, or take a method that reads signs: bpmf" if negative else apart
