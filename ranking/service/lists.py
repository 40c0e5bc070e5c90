"""Lists beside the service: popular items, and the domains of nodes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from embedding_features.errors import ConfigError


def read_popular(path: Path | None) -> list[Any]:
    """The items that users without a vector are recommended, best first; none without a file.

    Raises:
        ConfigError: when the file cannot be read, or has no column ``item_id`` of ids.
    """
    if path is None:
        return []
    column = _read(path, ["item_id"])["item_id"]
    if not (pa.types.is_integer(column.type) or pa.types.is_string(column.type)) or column.null_count:
        raise ConfigError(f"{path}: item_id is {column.type}, or null", fix="write integers or strings")
    return list(dict.fromkeys(column.to_pylist()))


def read_domains(files: Mapping[str, Path]) -> dict[str, dict[Any, str]]:
    """Node type → id → domain.

    Raises:
        ConfigError: when a file cannot be read, or lacks a column.
    """
    tables = {node_type: _read(path, ["id", "domain"]) for node_type, path in files.items()}
    return {
        t: dict(zip(*(table[c].to_pylist() for c in ("id", "domain")), strict=True))
        for t, table in tables.items()
    }


def _read(path: Path, columns: list[str]) -> pa.Table:
    try:
        return pq.read_table(path, columns=columns).select(columns)
    except (OSError, KeyError, pa.ArrowInvalid) as error:
        raise ConfigError(
            f"{path} cannot be read: {error}", fix=f"write a Parquet file with columns {', '.join(columns)}"
        ) from None
