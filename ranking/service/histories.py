"""The vectors of a user's last items, looked up by the ids that the request or Feast gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

from embedding_features.arrays import I64
from embedding_features.errors import DataError
from ranking.service.columns import Known
from ranking.service.plan import HistoryVectors


@dataclass(frozen=True)
class Past:
    """Lists of items whose vectors are wanted.

    Attributes:
        ids: the lists, cut to what is read of them.
        offsets: [lists + 1] where each begins in ``flat``.
        flat: their ids.
    """

    history: HistoryVectors
    ids: Known
    offsets: I64
    flat: pa.Array

    @classmethod
    def of(cls, history: HistoryVectors, known: Mapping[str, Known]) -> Self | None:
        """The lists among the columns known; None where there are none, or their vectors are known too.

        Raises:
            DataError: when an id is null.
        """
        ids = known.get(history.ids)
        if ids is None or history.column in known:
            return None
        cut = [(one or [])[: history.length] for one in ids.values.to_pylist()]
        flat = pa.array([item for one in cut for item in one])
        if flat.null_count:
            raise DataError(f"features: {history.ids} holds a null id", fix="leave it out")
        offsets = np.concatenate([[0], np.cumsum([len(one) for one in cut])]).astype(np.int64)
        return cls(history, Known(pa.array(cut), ids.shared), offsets, flat)

    def columns(self, vectors: pa.Array, count: int) -> dict[str, Known]:
        """The raw columns of ids and vectors.

        Args:
            vectors: beside ``flat``, null where there is none.
            count: items of the request.
        """
        valid = np.asarray(vectors.is_valid().to_numpy(zero_copy_only=False), np.bool_)
        places, offsets = np.where(valid, np.cumsum(valid) - 1, -1), self.offsets
        if self.ids.shared:
            places, offsets = np.tile(places, count), np.arange(count + 1) * len(self.flat)
        index = pa.array(places.astype(np.int32), mask=places < 0)
        # a dictionary holds each vector once, and the encoder looks at each once
        known = pa.DictionaryArray.from_arrays(index, vectors.drop_null())
        lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), known)
        return {self.history.ids: self.ids, self.history.column: Known(lists)}
