"""What ``feast monitor`` can measure: scalars."""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.parquet as pq

from embedding_features.errors import StoreError
from embedding_features.store.offline.files import source_files


def refuse_lists(path: str, names: Iterable[str]) -> None:
    """Raises:
    StoreError: when a column of local Parquet files is a list: Feast takes it for a number, and fails.
    """
    schema = pq.read_schema(source_files(path)[0])
    lists = [name for name in names if name in schema.names and pa.types.is_nested(schema.field(name).type)]
    if lists:
        raise StoreError(
            f"feast monitor cannot measure lists: {', '.join(lists)} of {path}",
            fix="name the scalar features; the health of vectors is checked before they are published, and "
            "its figures are in the snapshot's manifest",
        )
