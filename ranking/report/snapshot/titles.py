"""Titles of ids, for people, from any Parquet table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from embedding_features.errors import ConfigError, DataError

_FORM = "[TYPE=]table.parquet:key:column"


@dataclass(frozen=True)
class TitleSource:
    """Where the titles of a node type stand in a Parquet table.

    Attributes:
        path: of the table.
        key: the column of ids.
        column: the column of titles.
    """

    node_type: str
    path: Path
    key: str
    column: str

    @classmethod
    def parse(cls, text: str, node_types: Sequence[str]) -> "TitleSource":
        """Read ``[TYPE=]table.parquet:key:column``; without a type, the key ``item_id`` is of type ``item``.

        Raises:
            ConfigError: when it is not of this form, or no node type is meant.
        """
        head, _, tail = text.partition("=")
        named, rest = (head, tail) if head in node_types else ("", text)
        parts = rest.rsplit(":", 2)
        if len(parts) != 3 or not all(parts):
            raise ConfigError(
                f"titles {text!r} are not of the form {_FORM}", fix="name table, key and column"
            )
        path, key, column = parts
        node_type = named or key.removesuffix("_id")
        if node_type not in node_types:
            there = ", ".join(node_types)
            raise ConfigError(
                f"titles {text!r} are of no node type of the snapshot ({there})",
                fix=f"write the type first, as {node_types[0]}={rest}",
            )
        return cls(node_type, Path(path), key, column)

    def read(self, ids: pa.Array) -> dict[Any, str]:
        """Return id → title, of the ids that have one.

        Raises:
            DataError: when the table, or a column of it, is missing, or keys are of another type than ids.
        """
        table, wanted = self._table(), pc.unique(ids)
        try:
            keys = table.column(self.key).combine_chunks().cast(ids.type)
            titles = table.column(self.column).cast(pa.string())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(
                f"{self.path}: {self.key} beside ids of {ids.type}, or {self.column} as text: {error}",
                fix="cast the column, or name another",
            ) from None
        found = titles.take(pc.index_in(wanted, value_set=keys)).to_pylist()
        return {key: title for key, title in zip(wanted.to_pylist(), found, strict=True) if title}

    def _table(self) -> pa.Table:
        try:
            with pq.ParquetFile(self.path, memory_map=True) as file:
                missing = [name for name in (self.key, self.column) if name not in file.schema_arrow.names]
                if missing:
                    there = ", ".join(file.schema_arrow.names)
                    raise DataError(f"{self.path} has no column {missing[0]!r}", fix=f"it has: {there}")
                return file.read(columns=[self.key, self.column])
        except FileNotFoundError:
            raise DataError(f"no table of titles at {self.path}", fix="check the path") from None
        except pa.ArrowInvalid as error:
            raise DataError(f"{self.path} is not Parquet: {error}", fix="write it as Parquet") from None


Titles = Mapping[str, Mapping[Any, str]]  # node type → id → title
