"""Requests that neither this store nor Feast's can answer, said by name."""

from collections.abc import Sequence

from feast import FileSource, OnDemandFeatureView
from feast.data_source import DataSource

from embedding_features.errors import DataError, StoreError


def refuse_unclear(source: DataSource) -> None:
    """Raises:
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
    """Raises:
    DataError: when a transformation needs columns that only an entity dataframe can bring.
    """
    for view in transformations:
        needed = sorted(view.get_request_data_schema())
        if needed:
            raise DataError(
                f"on-demand view {view.name} needs {', '.join(needed)} of an entity dataframe",
                fix="pass one, with these columns",
            )
