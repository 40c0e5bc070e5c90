"""A generation: one snapshot of a view as immutable files, checked while it is written."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from embedding_features.store.online_stores.duplicates import hashes
from embedding_features.store.online_stores.incoming import Incoming
from embedding_features.store.online_stores.layout import Stamp
from embedding_features.store.online_stores.pushed import Key
from embedding_features.store.online_stores.snapshot.columns import ColumnFiles
from embedding_features.store.online_stores.snapshot.index import Index, write_index
from embedding_features.store.online_stores.snapshot.read_columns import StoredColumn, open_column
from embedding_features.store.online_stores.values import is_text


def write_generation(folder: Path, incoming: Incoming) -> Stamp:
    """Write a snapshot into a folder.

    Returns:
        The snapshot's event time, and the last created time in it.

    Raises:
        StoreError: when the rows break a rule of :class:`~..incoming.Incoming`, or an id is there twice.
    """
    with ExitStack() as files:
        described = _write_columns(folder, incoming, files)
    (folder / "generation.json").write_text(json.dumps(described))
    return incoming.stamp


def _write_columns(folder: Path, incoming: Incoming, files: ExitStack) -> dict[str, Any]:
    """Write all columns and the index, and return the description that a reader needs."""
    layout, schema = incoming.layout, incoming.schema
    kind = schema.field(layout.key).type
    key = ColumnFiles(folder, "key", kind, files)
    columns = {
        name: ColumnFiles(folder, f"c{i}", schema.field(name).type, files)
        for i, name in enumerate(layout.features)
    }
    codes: list[np.ndarray] = []
    texts: list[pa.Array] | None = [] if is_text(kind) else None
    for batch in incoming:
        ids = batch.column(layout.key)
        key.append(ids)
        for name, column in columns.items():
            column.append(batch.column(name))
        if texts is None:
            codes.append(np.array(ids))  # a view would keep the whole batch
        else:
            strings = ids.to_numpy(zero_copy_only=False)
            codes.append(hashes(strings))
            texts.append(pa.array(strings, pa.large_string()))
    names = pa.chunked_array(texts, pa.large_string()) if texts is not None else None
    index = write_index(folder, np.concatenate(codes), names, incoming.created, files)
    specs = {name: column.spec() for name, column in columns.items()}
    return {"key": key.spec(), "index": index, "columns": specs, "stamp": incoming.stamp}


class Generation:
    """Reads a written generation with all its files open: it stays whole when its folder is removed."""

    def __init__(self, folder: Path) -> None:
        described = json.loads((folder / "generation.json").read_text())
        self.stamp: Stamp = (described["stamp"][0], described["stamp"][1])
        self.index = Index(folder, described["index"], described["key"])
        self.entities = len(self.index)
        self._columns = {
            name: open_column(folder, f"c{i}", spec)
            for i, (name, spec) in enumerate(described["columns"].items())
        }

    def column(self, name: str) -> StoredColumn | None:
        """Return the column of a feature; None where the snapshot lacks it."""
        return self._columns.get(name)

    def holds(self, keys: Sequence[Key]) -> list[bool]:
        """Return whether it has the entities of these keys."""
        held = [False] * len(keys)
        places, rows = self.find(keys)
        for place, row in zip(places, rows.tolist(), strict=True):
            held[place] = row >= 0
        return held

    def find(self, keys: Sequence[Key]) -> tuple[list[int], np.ndarray]:
        """Return the places of the keys that are of the ids' type, and their rows; -1 where there is none."""
        kind, dtype = (str, object) if self.index.of_text else (int, np.int64)
        places = [i for i, key in enumerate(keys) if isinstance(key, kind)]
        return places, self.index.find(np.array([keys[i] for i in places], dtype))
