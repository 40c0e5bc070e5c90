"""Refusals of requests that neither this store nor Feast's can answer, or would answer wrongly."""

from collections.abc import Sequence

import pyarrow as pa
from feast import FileSource, OnDemandFeatureView
from feast.data_source import DataSource

from embedding_features.errors import DataError, StoreError
from embedding_features.store.offline.files import source_files
from embedding_features.store.offline.typed_files import parts_of


def refuse_unclear(source: DataSource) -> None:
    """Check that a source says of what format its files are.

    Raises:
        StoreError: when nothing says of what format a source's files are.
    """
    if not isinstance(source, FileSource) or source.file_format is not None:
        return
    if not source.path.endswith(".parquet"):
        raise StoreError(
            f"nothing says what the files of {source.path} are",
            fix="give the FileSource file_format=ParquetFormat()",
        )


def refuse_requests(transformations: Sequence[OnDemandFeatureView]) -> None:
    """Check that no transformation needs columns that only an entity dataframe can bring.

    Raises:
        DataError: when a transformation needs columns that only an entity dataframe can bring.
    """
    for view in transformations:
        needed = sorted(view.get_request_data_schema())
        if needed:
            raise DataError(
                f"on-demand view {view.name} needs {', '.join(needed)} of an entity dataframe",
                fix="pass one, with these columns",
            )


def refuse_unmeasured(path: str, names: Sequence[str]) -> None:
    """Check that Feast measures local Parquet files right.

    Raises:
        DataError: when a file lacks a column.
        StoreError: when a column is a list, which Feast takes for a number, and fails; or when the files
            differ in its type, of which Feast takes the first for all.
    """
    parts = parts_of(f"source {path}", source_files(path), names)
    lists = [name for name in names if any(pa.types.is_nested(part.types[name]) for part in parts)]
    if lists:
        raise StoreError(
            f"feast monitor cannot measure lists: {', '.join(lists)} of {path}",
            fix="name the scalar features; the health of vectors is checked before they are published, and "
            "its figures are in the snapshot's manifest",
        )
    mixed = [name for name in names if len({part.types[name] for part in parts}) > 1]
    if mixed:
        raise StoreError(
            f"feast monitor cannot measure {', '.join(mixed)} of {path}: the files differ in type",
            fix="write the column with one type in every file",
        )
