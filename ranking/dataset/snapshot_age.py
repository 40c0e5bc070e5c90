"""How old the graph features of labels are, and the check that no snapshot is newer than its labels."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import F32
from embedding_features.arrow import mask
from embedding_features.errors import LeakError
from ranking.dataset.raw_columns import RawColumns
from ranking.log_features.log import as_micros

_DAY = 86_400_000_000


def snapshot_age(raw: RawColumns, start: int, features: pa.Table) -> F32:
    """Return days since the newest snapshot strictly before each label; NaN without any graph feature.

    Args:
        raw: which knows the moments of the snapshots and the graph columns.
        start: the first label.
        features: the store's answer to the labels from ``start``.

    Raises:
        LeakError: when a row has graph features though no snapshot is strictly older.
    """
    moments = as_micros(raw.moments)
    time = raw.log.time[start : start + len(features)]
    newest = np.searchsorted(moments, time, side="left") - 1
    known = np.zeros(len(time), np.bool_)
    for column in (column for view in raw.views for column in view.features.values()):
        known |= mask(pc.is_valid(features[column]))
    leaks = known & (newest < 0)
    if leaks.any():
        raise LeakError(
            f"{int(leaks.sum())} labels have graph features though no snapshot is older than they are",
            fix="name every snapshot's as_of, and join strictly older snapshots only",
        )
    age = np.full(len(time), np.nan, np.float32)
    age[known] = (time[known] - moments[newest[known]]) / _DAY
    return age
