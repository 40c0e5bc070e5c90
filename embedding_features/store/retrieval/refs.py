"""What a caller asks for, a service or references, resolved to pinned views and their Arrow types."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from feast import FeatureStore, FeatureView, Field
from feast.types import Array, Bool, Float32, Float64, Int32, Int64, String
from feast.utils import _parse_feature_or_view_ref as parse_ref

from embedding_features.errors import StoreError
from embedding_features.store.marks import mark, vector_dim
from embedding_features.store.outside_errors import feast_errors

_ITEMS = {Float32: pa.float32(), Int64: pa.int64(), String: pa.string()}
_SCALARS = _ITEMS | {Int32: pa.int32(), Float64: pa.float64(), Bool: pa.bool_()}


@dataclass(frozen=True)
class ViewRequest:
    """Names the features asked of one version of one view.

    Attributes:
        view: as it was at that version.
        version: its number; None for a view that has none (not one of ours).
        fields: the features, in order.
    """

    view: FeatureView
    version: int | None
    fields: list[Field]

    @property
    def refs(self) -> list[str]:
        """Return references as Feast takes them, pinned."""
        pin = self.view.name if self.version is None else f"{self.view.name}@v{self.version}"
        return [f"{pin}:{field.name}" for field in self.fields]

    @property
    def columns(self) -> list[tuple[str, pa.DataType | None]]:
        """Return (column name, Arrow type) of each feature; None means the type that Feast returns."""
        return [(f"{self.view.name}__{f.name}", arrow_type(f)) for f in self.fields]


def resolve(store: FeatureStore, features: str | Sequence[str]) -> list[ViewRequest]:
    """Return the views of a service, or of references.

    References are ``view``, ``view@vN``, ``view:feature`` or ``view@vN:feature``.

    A reference without a version means the newest, and is pinned to it here.

    Raises:
        StoreError: on an unknown service, view, version or feature, or two versions of one view.
    """
    with feast_errors(f"looking up {features!r}", fix="name a service or a view that is applied"):
        if isinstance(features, str):
            service = store.get_feature_service(features)
            features = [
                f"{p.name_to_use()}:{f.name}" for p in service.feature_view_projections for f in p.features
            ]
        asked: dict[str, ViewRequest] = {}
        for ref in features:
            name, version, feature = parse_ref(ref)
            found = _lookup(store, name, version)
            known = asked.setdefault(name, found)
            if known.version != found.version:
                raise StoreError(
                    f"two versions of view {name}: v{known.version} and v{found.version}",
                    fix="ask for them in two calls",
                )
            known.fields.extend(_pick(found.view, feature, ref))
    if not asked:
        raise StoreError("no features asked for", fix="name a service or features")
    return list(asked.values())


def _lookup(store: FeatureStore, name: str, version: int | None) -> ViewRequest:
    if version is None:
        view = store.get_feature_view(name)
        version = view.current_version_number
    if version is not None:
        view = store.registry.get_feature_view_by_version(name, store.project, version)
    return ViewRequest(view, version, [])


def _pick(view: FeatureView, feature: str | None, ref: str) -> list[Field]:
    fields = [f for f in view.features if feature in (None, f.name)]
    if not fields:
        raise StoreError(f"no feature {ref}", fix=f"one of {[f.name for f in view.features]}")
    return fields


def run_of(view: FeatureView) -> str:
    """Return the published run that a view version serves; empty for a view of another origin."""
    return next(filter(None, (mark(field, "run_id") for field in view.features)), "")


def arrow_type(field: Field) -> pa.DataType | None:
    """Return the Arrow type of a feature.

    It is a fixed-size list for vectors, a list for other arrays, None for the rest.
    """
    if not isinstance(field.dtype, Array) or field.dtype.base_type not in _ITEMS:
        return None
    item = _ITEMS[field.dtype.base_type]
    dim = vector_dim(field)
    return pa.list_(item) if dim is None else pa.list_(item, dim)


def online_type(field: Field) -> pa.DataType | None:
    """Return the Arrow type of a feature online, where scalars have no type of their own.

    None for types that are none of ours.
    """
    return arrow_type(field) if isinstance(field.dtype, Array) else _SCALARS.get(field.dtype)
