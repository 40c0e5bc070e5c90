"""Checks of rows that are written one by one, not in a snapshot."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from feast import FeatureView, Field
from feast.protos.feast.types.Value_pb2 import Value
from feast.types import Array

from embedding_features.errors import StoreError
from embedding_features.store.marks import mark
from embedding_features.store.moments import micros
from embedding_features.store.online_stores.feast_reads import Written
from embedding_features.store.online_stores.key_values import keys_of
from embedding_features.store.online_stores.layout import NEVER
from embedding_features.store.online_stores.pushed import Row
from embedding_features.store.online_stores.values import declared_dim

_AGAIN = "write the row again with a value that keeps the rule; what was online before stays"


def checked_rows(view: FeatureView, data: Sequence[Written]) -> list[Row]:
    """Return the rows that Feast writes to a view, checked.

    Raises:
        StoreError: when one breaks a rule of :func:`check_pushed`, or has no id or event time.
        DataError: when an id is of another type than the view's key.
    """
    rows = []
    for entity, values, event, created in data:
        check_pushed(view, values)
        for key, value in zip(entity.join_keys, entity.entity_values, strict=True):
            if value.WhichOneof("val") is None:
                raise StoreError(f"a row of view {view.name} has null as {key}", fix="drop it: it has no id")
        if pd.isna(event):
            raise StoreError(
                f"a row of view {view.name} has no event time", fix="give every row its event time"
            )
        rows.append(Row(entity, (micros(event), _created(created)), values))
    keys_of(view, [row.entity for row in rows])
    return rows


def _created(moment: datetime | None) -> int:
    return NEVER if moment is None or pd.isna(moment) else micros(moment)


def check_pushed(view: FeatureView, values: Mapping[str, Value]) -> None:
    """Check the values of one row.

    Raises:
        StoreError: on a missing feature; on a null list of a feature of a snapshot; on NaN, infinity or
            another length in a list whose length is declared.
    """
    for field in view.features:
        where = f"feature {field.name} of view {view.name}"
        if field.name not in values:
            raise StoreError(f"a row lacks {where}", fix="write every feature of the view")
        if isinstance(field.dtype, Array):
            _check_list(field, values[field.name], where)


def _check_list(field: Field, value: Value, where: str) -> None:
    slot, dim = value.WhichOneof("val"), declared_dim(field)
    if slot is None:
        if _is_published(field):
            raise StoreError(f"a row has null as {where}", fix=_AGAIN)
        return
    if dim is None and not _is_published(field):
        return
    found = getattr(value, slot).val
    if slot in ("float_list_val", "double_list_val") and not np.isfinite(np.asarray(found)).all():
        raise StoreError(f"a row has NaN or infinity in {where}", fix=_AGAIN)
    if dim is not None and len(found) != dim:
        raise StoreError(f"a row has {len(found)} values in {where}, not {dim}", fix=_AGAIN)


def _is_published(field: Field) -> bool:
    """Return whether a feature is of a snapshot of this library, whose rules are stricter than Feast's."""
    return mark(field, "kind") is not None
