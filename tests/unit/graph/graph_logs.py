"""Small logs on disk and the schema that reads them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from embedding_features.graph.schema import GraphSchema

DAY_0 = datetime(2026, 1, 1, tzinfo=UTC)
MOMENT = pa.timestamp("us", tz="UTC")


def day(number: float) -> datetime:
    """The moment ``number`` days after the first."""
    return DAY_0 + timedelta(days=number)


def write_log(path: Path, **columns: Any) -> Path:
    """A Parquet file; lists of datetimes become timestamps with zone UTC."""
    arrays = {
        name: pa.array(values, MOMENT) if isinstance(values, list) and _moments(values) else pa.array(values)
        for name, values in columns.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(arrays), path)
    return path


def _moments(values: list[Any]) -> bool:
    return any(isinstance(value, datetime) for value in values)


def schema(folder: Path, relation: dict[str, Any] | None = None, **nodes: Any) -> GraphSchema:
    """Users who viewed items, from ``views/*.parquet`` with columns user, item and at.

    ``relation`` changes the relation's fields (None removes one); ``nodes`` replace node types.
    """
    viewed: dict[str, Any] = {
        "parquet": "views/*.parquet",
        "src": {"type": "user", "column": "user"},
        "dst": {"type": "item", "column": "item"},
        "timestamp": "at",
    }
    viewed |= relation or {}
    viewed = {name: value for name, value in viewed.items() if value is not None}
    types = {"user": {"id": "int64"}, "item": {"id": "int64"}, **nodes}
    return GraphSchema.model_validate({"nodes": types, "relations": {"viewed": viewed}, "folder": folder})
