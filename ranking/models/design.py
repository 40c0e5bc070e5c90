"""The design matrix that trees learn from, with a column for each number, category or value of a bag."""

from collections.abc import Mapping

import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.errors import DataError
from ranking.inputs.fields import Bag, Category, History, Number, Vector
from ranking.inputs.inputs import Field, Inputs

#: the most columns that a bag gets for its values
WIDEST_BAG = 32
#: rows whose histories are compared with their candidates at once, which bounds memory
ROWS_AT_ONCE = 8192

#: bag → the codes that have a column; of a bag beyond :data:`WIDEST_BAG` those of most weight in training
BagColumns = Mapping[str, tuple[int, ...]]


def bag_columns(train: Inputs) -> dict[str, tuple[int, ...]]:
    """Return the codes of each bag that get a column.

    Of a vocabulary up to :data:`WIDEST_BAG` that is every known code, of a larger one those of most weight
    over the training rows.
    """
    chosen = {}
    for bag in train.of(Bag):
        if bag.size <= WIDEST_BAG:
            chosen[bag.name] = tuple(range(1, bag.size))
        else:
            weight = np.bincount(bag.codes.ravel(), bag.weights.ravel(), minlength=bag.size)
            heaviest = np.argsort(-weight[1:], kind="stable")[:WIDEST_BAG] + 1
            chosen[bag.name] = tuple(int(code) for code in heaviest)
    return chosen


def design_matrix(inputs: Inputs, bags: BagColumns) -> tuple[F32, list[int]]:
    """Return the [n, columns] float32 matrix, NaN where unknown, and the indexes of its categorical columns.

    A bag becomes the weight of each value in ``bags`` and, for a large vocabulary, the code of most weight. A
    history becomes the number of known items and, beside a vector of the candidate, the mean and the largest
    of their cosines with it. Ids have no column.

    Raises:
        DataError: when there is no field but ids.
    """
    columns: list[F32] = []
    categories: list[int] = []
    for field in inputs.fields:
        before = sum(part.shape[1] for part in columns)
        of_field, categorical = _field_columns(field, inputs, bags)
        columns += of_field
        categories += [before + index for index in categorical]
    if not columns:
        raise DataError("the inputs hold nothing that trees can use", fix="add fields other than ids")
    return np.concatenate(columns, axis=1), categories


def field_widths(inputs: Inputs, bags: BagColumns) -> list[int]:
    """Return how many columns of the matrix each field has."""
    row = inputs.take(slice(0, 1))
    return [sum(part.shape[1] for part in _field_columns(field, row, bags)[0]) for field in row.fields]


def _field_columns(field: Field, inputs: Inputs, bags: BagColumns) -> tuple[list[F32], list[int]]:
    """Return the columns of one field, and the indexes of those that are categories."""
    if isinstance(field, Category):
        return ([], []) if field.identity else ([_top_code(field)[:, None]], [0])
    if isinstance(field, Bag):
        if field.identity:
            return [], []
        weights = _code_weights(field, np.array(bags[field.name], np.int64))
        if field.size <= WIDEST_BAG:
            return [weights], []
        return [weights, _top_code(field)[:, None]], [weights.shape[1]]
    return [_numbers(field, inputs)], []


def _numbers(field: Number | Vector | History, inputs: Inputs) -> F32:
    """Return the [n, columns] numbers of a field that has no codes of its own."""
    if isinstance(field, Number):
        return field.values[:, None]
    if isinstance(field, Vector):
        table = field.table.copy()
        table[0] = np.nan
        vectors: F32 = table[field.rows]
        return vectors
    return _history_columns(field, next((v for v in inputs.of(Vector) if v.name == field.vector), None))


def _code_weights(bag: Bag, codes: I64) -> F32:
    """Return the [n, codes] weight of each code in each row's bag."""
    column = np.full(bag.size, len(codes))
    column[codes] = np.arange(len(codes))
    sums = np.zeros((len(bag.codes), len(codes) + 1), np.float32)  # the last column takes all other codes
    np.add.at(sums, (np.arange(len(bag.codes))[:, None], column[bag.codes]), bag.weights)
    weights: F32 = sums[:, :-1]
    return weights


def _top_code(field: Category | Bag) -> F32:
    """Return the [n] code, of a bag the one of most weight; float32 holds codes up to 2^24 exactly."""
    if isinstance(field, Bag):
        best = field.weights.argmax(axis=1)
        return np.asarray(field.codes[np.arange(len(best)), best], np.float32)
    return np.asarray(field.codes, np.float32)


def _history_columns(field: History, candidate: Vector | None) -> F32:
    """Return [n, 1 or 3]: known items and, beside a candidate, mean and largest cosine with it."""
    known: F32 = ((field.codes > 0) | (field.rows > 0)).sum(1, keepdims=True).astype(np.float32)
    if candidate is None:
        return known
    items, candidates = _unit(field.table), _unit(candidate.table)
    cosines = np.full((len(known), 2), np.nan, np.float32)
    for start in range(0, len(known), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        rows = field.rows[part]
        present = (rows > 0) & (candidate.rows[part, None] > 0)
        some = present.any(1)
        cosine = np.einsum("nld,nd->nl", items[rows], candidates[candidate.rows[part]])
        count = present.sum(1)[some]
        cosines[part][some, 0] = (cosine * present).sum(1)[some] / count
        cosines[part][some, 1] = np.where(present, cosine, -np.inf).max(1)[some]
    columns: F32 = np.concatenate([known, cosines], axis=1)
    return columns


def _unit(table: F32) -> F32:
    """Return the vectors of a table at length 1; zero stays zero."""
    unit: F32 = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12)
    return unit
