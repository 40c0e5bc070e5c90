"""Data sets already prepared as Parquet under ``$EMBEDDING_FEATURES_DATA``; MovieLens-100K's tables."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from embedding_features.errors import DataError
from embedding_features.files import sha256_file

VARIABLE = "EMBEDDING_FEATURES_DATA"
_FILES = {
    "interactions": "ratings",
    "users": "users",
    "items": "items",
    "kg": "kg",
    "item_entity": "item_entity",
}
_OPTIONAL = ("kg", "item_entity")


def prepared_folder(name: str) -> Path:
    """Return ``$EMBEDDING_FEATURES_DATA/<name>``, there or not; by default ``../shared/data/<name>``."""
    return Path(os.environ.get(VARIABLE) or "../shared/data") / name


def read_prepared(folder: Path) -> tuple[dict[str, pa.Table], dict[str, str]]:
    """Return raw tables (see :func:`.tidy`), and each file's SHA-256.

    ``ratings.parquet`` has seconds since 1970, ``items.parquet`` genres joined by bars; triples and links are
    optional.

    Raises:
        DataError: when a table is missing or not Parquet.
    """
    fix = f"correct the folder, or point {VARIABLE} elsewhere"
    raw, inputs = {}, {}
    for table, stem in _FILES.items():
        path = folder / f"{stem}.parquet"
        if table in _OPTIONAL and not path.is_file():
            continue
        try:
            raw[table] = pq.read_table(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise DataError(f"{path} cannot be read: {error}", fix=fix) from None
        inputs[path.name] = sha256_file(path)
    items = raw["items"]
    if "genres" in items.column_names and pa.types.is_string(items.schema.field("genres").type):
        genres = pc.split_pattern(items["genres"], "|")
        raw["items"] = items.set_column(items.column_names.index("genres"), "genres", genres)
    return raw, inputs
