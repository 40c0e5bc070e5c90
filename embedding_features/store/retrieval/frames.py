"""Tables in whatever form they are given, as Arrow: the one way a caller's rows come into the store."""

from typing import Any, TypeAlias

import pandas as pd
import pyarrow as pa

from embedding_features.errors import DataError

#: an Arrow table or batch, a pandas DataFrame, or whatever gives an Arrow stream, such as a frame of polars
Frame: TypeAlias = Any


def as_table(frame: Frame) -> pa.Table:
    """Return rows as an Arrow table: of Arrow, of pandas (without the index), or of polars.

    Raises:
        DataError: when it is none of these, a column holds values of several types, or two have one name.
    """
    try:
        table = _table(frame)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(f"the frame cannot be read: {error}", fix="give each column one type") from None
    doubles = sorted({name for name in table.column_names if table.column_names.count(name) > 1})
    if doubles:
        raise DataError(f"the frame has two columns {', '.join(doubles)}", fix="drop or rename one of them")
    return table


def _table(frame: Frame) -> pa.Table:
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pd.DataFrame):
        return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    if hasattr(frame, "__arrow_c_stream__") or hasattr(frame, "__arrow_c_array__"):
        return pa.table(frame)
    raise DataError(
        f"a frame of type {type(frame).__name__}", fix="give an Arrow table, or a pandas or polars frame"
    )
