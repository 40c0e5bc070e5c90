"""Few vectors, each held once: as :func:`.stored_once`, in the time of a request."""

import numpy as np

from embedding_features.arrays import F32, I32
from ranking.inputs.vector_rows import stored_once

#: rows of a table that are compared as they are: hashing takes a request longer than all its other encoding
FEW = 1024


def held_once(rows: I32, table: F32) -> tuple[I32, F32]:
    """The same vectors, each once, numbered from 1 as they are first met in ``rows``.

    Args:
        rows: of any shape, in [0, R); 0 is absent.
        table: [R, dim], row 0 zero.
    """
    if len(table) > FEW:
        return stored_once(rows, table)
    bits = table + np.float32(0)  # adding 0 turns -0 into 0
    number: dict[bytes, int] = {}
    place, kept = np.zeros(len(table), np.int32), [0]
    for row in dict.fromkeys(rows.ravel().tolist()):
        if row:
            place[row] = number.setdefault(bits[row].tobytes(), len(kept))
            if place[row] == len(kept):
                kept.append(row)
    return place[rows], table[kept]
