"""What one feature view asks of its source: keys, times, features, and how old they may be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pyarrow as pa
from feast import FeatureView, FileSource
from feast.data_format import ParquetFormat
from feast.data_source import DataSource

from embedding_features.store.offline.files import footers
from embedding_features.store.offline.types import declared


@dataclass(frozen=True)
class Join:
    """Describes the point-in-time join of one view.

    Attributes:
        view: its name, for messages.
        path: a Parquet file, a folder or a glob.
        renamed: name in the view → name in the source, where they may differ (Feast's field mapping).
        types: column of the view → what the view declares it to be; None where Feast does not say.
        keys: (column of the view, column of the entity frame).
        features: (column of the view, column of the result).
        event, created: timestamp columns of the view; ``created`` decides between equal event times.
        ttl: µs after which a value is no longer given; None is never.
        guarded: rows are seen only when they were created by the label's time, too.
    """

    view: str
    path: str
    renamed: dict[str, str]
    types: Mapping[str, pa.DataType | None]
    keys: tuple[tuple[str, str], ...]
    features: tuple[tuple[str, str], ...]
    event: str
    created: str | None
    ttl: int | None
    guarded: bool

    @property
    def columns(self) -> list[str]:
        """Return the columns of the view that are read, each once."""
        times = [self.event, *([self.created] if self.created else [])]
        return list(dict.fromkeys([*(k for k, _ in self.keys), *times, *(f for f, _ in self.features)]))

    def source_columns(self, files: Sequence[str]) -> dict[str, str]:
        """Return column of the view → its name in the files: by the field mapping, where a file has it.

        Raises:
            StoreError: when a file cannot be read.
        """
        names = {name for schema, _ in footers(files) for name in schema.names} if self.renamed else set()
        old = {new: name for new, name in self.renamed.items() if name in names}
        return {column: old.get(column, column) for column in self.columns}


def is_local_parquet(view: FeatureView) -> bool:
    """Return whether a view's source is Parquet on a file system: what we join ourselves."""
    return is_local(view.batch_source)


def is_local(source: DataSource) -> bool:
    """Return whether a source is Parquet on a file system."""
    if not isinstance(source, FileSource) or "://" in source.path or source.resolve_credentials():
        return False
    if source.file_format is None:
        return bool(source.path.endswith(".parquet"))
    return isinstance(source.file_format, ParquetFormat)


def join_of(view: FeatureView, refs: Sequence[str], full_feature_names: bool, guarded: bool) -> Join:
    """Return the join of one view, for those of the references ``view:feature`` that are its own."""
    projection, source = view.projection, view.batch_source
    prefix = f"{projection.name_to_use()}:"  # with the pin, as view@v2
    asked = dict.fromkeys(ref.split(":")[1] for ref in refs if ref.startswith(prefix))
    label = f"{projection.name_alias or view.name}__" if full_feature_names else ""
    keys = projection.join_key_map or {column.name: column.name for column in view.entity_columns}
    return Join(
        view=view.name,
        path=source.path,
        renamed={new: old for old, new in source.field_mapping.items()},
        types={field.name: declared(field.dtype) for field in [*view.entity_columns, *view.features]},
        keys=tuple(keys.items()),
        features=tuple((feature, label + feature) for feature in asked),
        event=source.timestamp_field,
        created=source.created_timestamp_column or None,
        ttl=view.ttl // timedelta(microseconds=1) if view.ttl else None,
        guarded=guarded and bool(source.created_timestamp_column),
    )
