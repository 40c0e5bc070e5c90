"""The index from id to row: sorted int64 ids, or sorted hashes of strings whose text is compared."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.store.online_stores.duplicates import hashes, last_by_id
from embedding_features.store.online_stores.rows import refuse_type
from embedding_features.store.online_stores.snapshot.columns import ArrayFile, Described, Spec
from embedding_features.store.online_stores.snapshot.read_columns import map_array, open_column
from embedding_features.store.online_stores.values import as_arrow


def write_index(
    folder: Path, codes: np.ndarray, texts: pa.Array | None, created: np.ndarray, files: ExitStack
) -> dict[str, Described]:
    """Write the index of rows; of rows with one id the last created is found.

    Args:
        folder: of the generation.
        codes: [n] int64 ids, or uint64 hashes of ``texts``.
        texts: [n] the ids where they are strings; None where they are integers.
        created: [n] int64 microseconds.
        files: what closes them.

    Returns:
        What :class:`Index` needs.

    Raises:
        StoreError: when two rows of an id have the same created timestamp: which is right, nobody knows.
    """
    last = last_by_id(codes, texts, created)
    arrays = {"codes": codes[last], "rows": last.astype(np.int64)}
    described = {}
    for name, array in arrays.items():
        file = ArrayFile(folder / name, array.dtype, files)
        file.append(array)
        described[name] = file.described
    return described


class Index:
    """Looks ids up in a written index, which is memory-mapped."""

    def __init__(self, folder: Path, described: dict[str, Described], key: Spec) -> None:
        self._codes = map_array(folder / "codes", described["codes"])
        self._rows = map_array(folder / "rows", described["rows"])
        self._texts = open_column(folder, "key", key) if "bytes" in key else None

    def __len__(self) -> int:
        return len(self._codes)

    @property
    def of_text(self) -> bool:
        """Return whether ids are strings."""
        return self._texts is not None

    def ids(self) -> tuple[pa.Array, np.ndarray]:
        """Return all ids ascending, int64 or string, and the row of each."""
        if self._texts is None:
            return pa.array(self._codes), self._rows
        ids = as_arrow(self._texts.take(self._rows)).cast(pa.string())
        order = pc.sort_indices(ids)
        return ids.take(order), self._rows.take(order)

    def find(self, ids: np.ndarray) -> np.ndarray:
        """Return the row of each id; -1 where there is none.

        Args:
            ids: [n] int64, or [n] of str objects.

        Raises:
            DataError: when ids are of the other type.
        """
        refuse_type(ids, self._texts is not None)
        if len(ids) == 0 or len(self._codes) == 0:
            return np.full(len(ids), -1, np.int64)
        codes = ids if self._texts is None else hashes(ids)
        at = np.searchsorted(self._codes, codes)
        found = self._match(codes, at)
        return found if self._texts is None else self._compared(ids, codes, at, found)

    def _match(self, codes: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Return the row at each place of the sorted codes; -1 where the code there is another."""
        inside = np.minimum(at, len(self._codes) - 1)
        hit = (self._codes.take(inside) == codes) & (at < len(self._codes))
        return np.where(hit, self._rows.take(inside), -1)

    def _compared(self, ids: np.ndarray, codes: np.ndarray, at: np.ndarray, found: np.ndarray) -> np.ndarray:
        """Return the rows whose text is that of the ids; -1 where there is none.

        Texts of one hash lie side by side: step on until the text is right or the hash another.
        """
        open_ = np.flatnonzero(found >= 0)
        while len(open_) and self._texts is not None:
            texts = as_arrow(self._texts.take(found[open_])).to_numpy(zero_copy_only=False)
            open_ = open_[texts != ids[open_]]
            at[open_] += 1
            found[open_] = self._match(codes[open_], at[open_])
            open_ = open_[found[open_] >= 0]
        return found
