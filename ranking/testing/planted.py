"""Inputs with planted structure, for tests of rankers."""

from dataclasses import replace

import numpy as np

from embedding_features.arrays import F32, I32, I64
from ranking.inputs.fields import Bag, Category, Number, Vector
from ranking.inputs.inputs import Field, Inputs
from ranking.task.task import SIDES


def planted_inputs(rows: int, seed: int, noise: float = 0.1, shuffled: bool = False) -> Inputs:
    """Return rows whose label is whether user token and item token have the same parity.

    Six in ten codes are even, so that a field alone helps a little (greedy trees find no cross without that),
    and a ranker that is linear in the fields stays far below the best AUC, about 1 − ``noise``. The vectors
    of user and item have the same information in the sign of one coordinate each; a fifth of them is missing.
    There is a number without information that is sometimes NaN, and ids that are sometimes unknown.

    Args:
        rows: how many rows.
        seed: seed of every draw.
        noise: chance that a label is flipped.
        shuffled: whether labels are permuted over the rows, so that nothing can be learned.
    """
    rng = np.random.default_rng(seed)
    user, item = (rng.choice(8, rows, p=[0.1, 0.15] * 4) + 1 for _ in range(2))
    label = ((user + item) % 2 == 0) ^ (rng.random(rows) < noise)
    if shuffled:
        label = rng.permutation(label)
    number = rng.normal(5, 3, rows).astype(np.float32)
    number[rng.random(rows) < 0.1] = np.nan

    def codes(values: I64, size: int) -> I32:
        return np.where(rng.random(rows) < 0.02, 0, values % size).astype(np.int32)

    ids = [
        Category(
            f"{side}_id", "base", side, f"{side}_id", codes(rng.integers(1, 50, rows), 50), 50, identity=True
        )
        for side in SIDES
    ]
    fields: list[Field] = [*ids, Number("number", "base", number)]
    for side, values in zip(SIDES, (user, item), strict=True):
        fields.append(Category(f"{side}_token", "tokens", side, f"{side}_token", values.astype(np.int32), 9))
        bag = np.stack([values, np.zeros(rows, int)], axis=1).astype(np.int32)
        weights = np.tile(np.array([1, 0], np.float32), (rows, 1))
        fields.append(Bag(f"{side}_clusters", "clusters", side, f"{side}_clusters", bag, weights, 9))
        present = rng.random(rows) < 0.8
        vector = rng.normal(0, 0.3, (rows, 3)).astype(np.float32)
        vector[:, 0] += np.where(values % 2 == 0, 2, -2)
        vector[~present] = 0
        fields.append(Vector.of(f"{side}_vector", "dense", side, vector, present))
    return Inputs(label.astype(np.float32), tuple(fields), group=ids[0].codes.astype(np.int64))


def of_groups(inputs: Inputs, *groups: str) -> Inputs:
    """Return the inputs with only the fields of some groups."""
    return inputs.select({field.name for field in inputs.fields if field.group in groups})


def only(kind: type[Field], inputs: Inputs) -> Inputs:
    """Return the inputs with only the fields of one class."""
    return replace(inputs, fields=tuple(field for field in inputs.fields if isinstance(field, kind)))


def best_scores(inputs: Inputs, group: str) -> F32:
    """Return the best scores that the fields of a group allow on :func:`planted_inputs`.

    With dense features that is a half for the third of the rows in which a vector is missing.
    """
    if group == "dense":
        user, item = inputs.of(Vector)
        even = (user.values[:, 0] > 0) == (item.values[:, 0] > 0)
        return np.where(user.present & item.present, even, 0.5).astype(np.float32)
    if group == "clusters":
        codes = [bag.codes[:, 0] for bag in inputs.of(Bag)]
    else:
        codes = [field.codes for field in inputs.of(Category) if field.group == group]
    same_parity: F32 = ((codes[0] + codes[1]) % 2 == 0).astype(np.float32)
    return same_parity


def all_unknown(inputs: Inputs) -> Inputs:
    """Return inputs of the same layout in which nothing is known."""
    return replace(inputs, fields=tuple(_unknown(field) for field in inputs.fields))


def _unknown(field: Field) -> Field:
    if isinstance(field, Number):
        return replace(field, values=np.full_like(field.values, np.nan))
    if isinstance(field, Vector):
        return replace(field, rows=np.zeros_like(field.rows))
    if isinstance(field, Bag):
        return replace(field, codes=np.zeros_like(field.codes), weights=np.zeros_like(field.weights))
    return replace(field, codes=np.zeros_like(field.codes))
