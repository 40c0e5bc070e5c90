"""The array types that signatures are written in, and positions within runs."""

from typing import Any

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
AnyArray = npt.NDArray[Any]


def positions_in_runs(lengths: I64) -> I64:
    """Return the position of each entry within its run, from 0, for runs laid end to end.

    Args:
        lengths: [runs] number of entries of each run, 0 or more.

    Returns:
        [sum of lengths] 0, 1, … for the first run, then again from 0 for the next.
    """
    starts = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) - np.repeat(starts, lengths)
