"""The matrix that trees learn from: a column a number, a category or a value of a bag."""

from collections.abc import Mapping

import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.errors import DataError
from ranking.inputs.fields import Bag, Category, History, Number, Vector
from ranking.inputs.inputs import Field, Inputs

#: the most columns a bag is spread over
WIDEST_BAG = 32
#: rows whose histories are compared with their candidates at once, which bounds memory
ROWS_AT_ONCE = 8192

#: bag → the codes that have a column; of a bag beyond :data:`WIDEST_BAG` the most common ones
BagColumns = Mapping[str, tuple[int, ...]]


def bag_columns(train: Inputs) -> dict[str, tuple[int, ...]]:
    """Which codes of each bag get a column: all of a small vocabulary, of a large one the heaviest."""
    chosen = {}
    for bag in train.of(Bag):
        if bag.size <= WIDEST_BAG:
            chosen[bag.name] = tuple(range(1, bag.size))
        else:
            mass = np.bincount(bag.codes.ravel(), bag.weights.ravel(), minlength=bag.size)
            heaviest = np.argsort(-mass[1:], kind="stable")[:WIDEST_BAG] + 1
            chosen[bag.name] = tuple(int(code) for code in heaviest)
    return chosen


def design_matrix(inputs: Inputs, bags: BagColumns) -> tuple[F32, list[int]]:
    """[n, columns] float32, NaN unknown, and the indexes of its categorical columns.

    A bag is the weight of each value in ``bags``, and of a large vocabulary also the code of most weight; a
    history how many items are known and, beside a vector of the candidate, the mean and the largest of their
    cosines with it.

    Raises:
        DataError: when there is no field but ids.
    """
    columns: list[F32] = []
    categories: list[int] = []
    for field in inputs.fields:
        before = sum(part.shape[1] for part in columns)
        made, category = _field_columns(field, inputs, bags)
        columns += made
        categories += [before + place for place in category]
    if not columns:
        raise DataError("the inputs hold nothing that trees can use", fix="add fields other than ids")
    return np.concatenate(columns, axis=1), categories


def field_widths(inputs: Inputs, bags: BagColumns) -> list[int]:
    """How many columns of the matrix each field has."""
    one = inputs.take(slice(0, 1))
    return [sum(part.shape[1] for part in _field_columns(field, one, bags)[0]) for field in one.fields]


def _field_columns(field: Field, inputs: Inputs, bags: BagColumns) -> tuple[list[F32], list[int]]:
    """A field's parts of the matrix, and which of its columns are categories."""
    if isinstance(field, Category):
        return ([], []) if field.identity else ([_top_code(field)[:, None]], [0])
    if isinstance(field, Bag):
        if field.identity:
            return [], []
        spread = _spread(field, np.array(bags[field.name], np.int64))
        if field.size <= WIDEST_BAG:
            return [spread], []
        return [spread, _top_code(field)[:, None]], [spread.shape[1]]
    return [_numbers(field, inputs)], []


def _numbers(field: Number | Vector | History, inputs: Inputs) -> F32:
    if isinstance(field, Number):
        return field.values[:, None]
    if isinstance(field, Vector):
        table = field.table.copy()
        table[0] = np.nan
        vectors: F32 = table[field.rows]
        return vectors
    return _history(field, next((v for v in inputs.of(Vector) if v.name == field.vector), None))


def _spread(bag: Bag, codes: I64) -> F32:
    """[n, codes] weight of each."""
    column = np.full(bag.size, len(codes))
    column[codes] = np.arange(len(codes))
    spread = np.zeros((len(bag.codes), len(codes) + 1), np.float32)
    np.add.at(spread, (np.arange(len(bag.codes))[:, None], column[bag.codes]), bag.weights)
    weights: F32 = spread[:, :-1]
    return weights


def _top_code(field: Category | Bag) -> F32:
    """[n] the code, of a bag the one of most weight; a code is exact in float32 up to 2^24."""
    if isinstance(field, Bag):
        best = field.weights.argmax(axis=1)
        return np.asarray(field.codes[np.arange(len(best)), best], np.float32)
    return np.asarray(field.codes, np.float32)


def _history(field: History, candidate: Vector | None) -> F32:
    """[n, 1 or 3] known items, and mean and largest cosine with the candidate."""
    known: F32 = ((field.codes > 0) | (field.rows > 0)).sum(1, keepdims=True).astype(np.float32)
    if candidate is None:
        return known
    items, own = _unit(field.table), _unit(candidate.table)
    cosines = np.full((len(known), 2), np.nan, np.float32)
    for start in range(0, len(known), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        rows = field.rows[part]
        both = (rows > 0) & (candidate.rows[part, None] > 0)
        some = both.any(1)
        found = np.einsum("nld,nd->nl", items[rows], own[candidate.rows[part]])
        count = both.sum(1)[some]
        cosines[part][some, 0] = (found * both).sum(1)[some] / count
        cosines[part][some, 1] = np.where(both, found, -np.inf).max(1)[some]
    columns: F32 = np.concatenate([known, cosines], axis=1)
    return columns


def _unit(table: F32) -> F32:
    unit: F32 = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12)
    return unit
