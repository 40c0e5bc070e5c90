"""The statistical leak check: a raw column that tells the label by itself knows too much.

It is for what :func:`.check_replay` cannot see through: side tables, and features that
others made. MovieLens-1M as a common CTR benchmark passes it on is an example: all rows without a timestamp
have the label 0.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from embedding_features.arrays import F32
from embedding_features.arrow import flat_array, mask
from embedding_features.config import Config
from embedding_features.errors import LeakError
from ranking.inputs.arrow import is_list
from ranking.leaks.statistics import Labelled

_NUMBERS = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
_CATEGORIES = (pa.types.is_integer, pa.types.is_boolean, pa.types.is_string, pa.types.is_large_string)


class LeakCheck(Config):
    """Sets what a leak check looks at, and how sure it must be."""

    samples: int = Field(default=3, ge=0)
    """How often the log is replayed, and how much oftener at most up to labels of a snapshot's very moment
    (:func:`.check_replay`)."""
    max_single_auc: float = Field(default=0.97, gt=0.5, le=1)
    """The highest AUC that a column may have alone; 1 allows any."""
    min_rows: int = Field(default=30, ge=1)
    """Rows of either label that an AUC must rest on; fewer are not judged."""
    max_chance: float = Field(default=1e-9, ge=0, lt=1)
    """A value whose rows all have one label is a leak if chance does so more rarely; 0 allows any."""
    allow: tuple[str, ...] = ()
    """Columns you vouch for: known before the label, however much they tell. Replay looks at them still."""


def check_columns(columns: pa.Table, label: F32, settings: LeakCheck | None = None) -> None:
    """Check that no column tells the label by itself.

    - Of numbers, the AUC of those that are there, in either direction.
    - Of strings, integers and truths, the AUC of each value's rate of ones at other rows; null is a value.
    - Of these, and of being missing (null, NaN) or not, a value whose rows all have one label. Rows of one
      user or of one item are alike: there count as many as there are distinct users or items, the fewer.
    - Of lists, whether they are missing, and their length as an integer.

    Not seen: what is inside lists and vectors, what only several columns tell together, numbers that are high
    and low for one label, and a leak at some rows only that is not one value.

    Args:
        columns: raw columns of training and validation rows, so that no test label is looked at. ``user_id``
            and ``item_id`` say which rows are alike; without both each row counts.
        label: [n] 0 or 1.
        settings: None for the defaults.

    Raises:
        LeakError: naming every such column, its figure, and what to do.
        DataError: when there is not a label a row, or one is not 0 or 1.
    """
    settings = settings or LeakCheck()
    rows = Labelled.of(columns, label)
    checked = (name for name in columns.column_names if name not in settings.allow)
    leaks = ((name, next(_leaks(flat_array(columns[name]), rows, settings), None)) for name in checked)
    found = [f"  {name!r}: {leak}" for name, leak in leaks if leak]
    if found:
        raise LeakError(
            "columns tell the label by themselves:\n" + "\n".join(found),
            fix="leave the column out, or name it in `allow` if it is known before the label",
        )


def _leaks(column: pa.Array, rows: Labelled, settings: LeakCheck) -> Iterator[str]:
    """Yield what each check that fails says of a column."""
    missing = column.is_null(nan_is_null=True)
    yield from _one_label("missing", missing, rows, settings)
    what, values = "value", column
    if is_list(column.type):
        what, values = "length", pc.list_value_length(column)
    if any(is_type(values.type) for is_type in _NUMBERS):
        present = ~mask(missing)
        numbers = values.filter(pa.array(present)).cast(pa.float64(), safe=False).to_numpy()
        area = rows.auc(numbers, present, settings.min_rows)
        yield from _high_auc(what, max(area, 1 - area), settings)
    if any(is_type(values.type) for is_type in _CATEGORIES):
        area = rows.auc(rows.rate_elsewhere(values), min_rows=settings.min_rows)
        yield from _high_auc(f"rate of ones at other rows of the same {what}", area, settings)
        yield from _one_label(what, values, rows, settings)


def _high_auc(what: str, area: float, settings: LeakCheck) -> Iterator[str]:
    if area > settings.max_single_auc:
        yield f"its {what} has an AUC of {area:.4f}, above {settings.max_single_auc}"


def _one_label(what: str, values: pa.Array, rows: Labelled, settings: LeakCheck) -> Iterator[str]:
    found = rows.one_label(values)
    if found and found.chance < settings.max_chance:
        yield (
            f"all {found.rows} rows with {what} = {found.value!r} have the label {found.label}, "
            f"by chance less often than {settings.max_chance:g}"
        )
