"""What each column of a view is, and the order in time of its snapshots."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from feast import FeatureView
from feast.types import FeastType

from embedding_features.errors import StoreError
from embedding_features.store.moments import moment_of
from embedding_features.store.online_stores.values import declared_dim

Stamp = tuple[int, int]  # event and created time, microseconds since 1970; created is NEVER where unknown
NEVER = -(2**63)


@dataclass(frozen=True)
class Layout:
    """Says what each column of a view is.

    Attributes:
        key: the column of ids.
        features: feature → the length its lists must have, or None.
        where: the view, for errors.
        declared: column → its type, where the view says one.
    """

    key: str
    features: Mapping[str, int | None]
    event: str
    created: str | None
    where: str
    declared: Mapping[str, FeastType] = field(default_factory=dict)

    @classmethod
    def of(cls, view: FeatureView) -> "Layout":
        """Return the layout of a view, by the columns of its batch source.

        Raises:
            StoreError: when the view is not of one entity, or has no source.
        """
        source, keys = view.batch_source, [field.name for field in view.entity_columns]
        if source is None or len(keys) != 1:
            raise StoreError(f"view {view.name} has keys {keys}", fix="write views of one entity by rows")
        dims = {feature.name: declared_dim(feature) for feature in view.features}
        created = source.created_timestamp_column or None
        declared = {column.name: column.dtype for column in (*view.entity_columns, *view.features)}
        return cls(keys[0], dims, source.timestamp_field, created, f"view {view.name}", declared)


def refuse_older(where: str, online: Stamp | None, stamp: Stamp) -> None:
    """Check that a snapshot is no older than what is online.

    Raises:
        StoreError: when a snapshot is older than what is online.
    """
    if online is not None and stamp < online:
        raise StoreError(
            f"{where} has the snapshot of {_stamp_text(online)} online, newer than {_stamp_text(stamp)}",
            fix="materialize a window that ends later; to go back, pin an earlier version of the view",
        )


def _stamp_text(stamp: Stamp) -> str:
    """Return a stamp for people."""
    event, created = (str(moment_of(t)) if t != NEVER else "unknown" for t in stamp)
    return f"{event} (created {created})"
