"""What a search asks for: a vector, the feature that it is compared with, the metric, and what is wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from feast import FeatureView, Field
from feast.types import Array, Float32, Float64

from embedding_features.arrays import F32, F64
from embedding_features.artifact import Metric
from embedding_features.errors import CompatibilityError, DataError, StoreError
from embedding_features.store.online_stores.search.metrics import metric_of
from embedding_features.store.online_stores.values import declared_dim

DISTANCE = "distance"


@dataclass(frozen=True)
class VectorQuery:
    """Holds a search that was checked.

    Attributes:
        field: the feature that is compared.
        metric: by which.
        vector: [dim] float64.
        features: what rows are read of: what was asked for, and the compared feature.
        wanted: names of the answer's columns, ``distance`` and keys among them.
    """

    field: Field
    metric: Metric
    vector: F64
    features: tuple[str, ...]
    wanted: tuple[str, ...]

    @classmethod
    def of(
        cls, view: FeatureView, requested: Sequence[str] | None, embedding: Any, asked_metric: str | None
    ) -> "VectorQuery":
        """Check what Feast was asked for.

        Raises:
            StoreError: when the view has not one feature of vectors, or a feature or the metric is unknown.
            CompatibilityError: when the vector's dimension or the metric is not the feature's.
            DataError: when the vector is none, or holds NaN or infinity.
        """
        field = vector_field(view, requested or ())
        names = [feature.name for feature in view.features]
        keys = [column.name for column in view.entity_columns]
        unknown = sorted({*(requested or ())} - {*names, *keys, DISTANCE})
        if unknown:
            raise StoreError(f"view {view.name} has no feature {', '.join(unknown)}", fix=f"it has {names}")
        if DISTANCE in (*names, *keys):
            raise StoreError(
                f"view {view.name} has a column {DISTANCE}, as Feast calls the result's own",
                fix="give it another name, so that a search can tell them apart",
            )
        features = dict.fromkeys(name for name in (*(requested or ()), field.name) if name in names)
        wanted = tuple(dict.fromkeys((*(requested or ()), DISTANCE)))
        return cls(field, metric_of(field, asked_metric), _vector(embedding, field), tuple(features), wanted)

    @property
    def compared(self) -> F32:
        """Return [1, dim] float32: the vector as an index takes it."""
        return self.vector.astype(np.float32)[None]

    def distance(self, vector: F64) -> float:
        """Return how far a stored vector is, smaller is nearer, as pgvector has it.

        Returns:
            The Euclidean distance; 1 - cosine (1 for a vector of length 0); or minus the dot product.
        """
        if self.metric == "l2":
            return float(np.linalg.norm(vector - self.vector))
        dot = float(vector @ self.vector)
        if self.metric == "dot":
            return -dot
        length = float(np.linalg.norm(vector) * np.linalg.norm(self.vector))
        return 1 - dot / length if length else 1.0


def vector_field(view: FeatureView, requested: Sequence[str]) -> Field:
    """Return the feature of a view that searches compare.

    It is the one with ``vector_index``, else the one with a dim.

    Raises:
        StoreError: when there is none, or several.
    """
    indexed = [field for field in view.features if field.vector_index]
    found = indexed or [field for field in view.features if declared_dim(field) is not None]
    found = [field for field in found if field.name in requested] or found
    vectors = [field for field in found if field.dtype in (Array(Float32), Array(Float64))]
    if len(vectors) != 1 or len(found) != 1:
        names = ", ".join(field.name for field in found) or "none"
        raise StoreError(
            f"view {view.name} has not one feature of vectors to search, but {names}",
            fix="declare one Field(dtype=Array(Float32), vector_index=True, vector_length=…, "
            "vector_search_metric=…), and feast apply",
        )
    return vectors[0]


def _vector(embedding: Any, field: Field) -> F64:
    """Return the query's vector [dim], checked."""
    try:
        vector = np.asarray(embedding)
    except ValueError:  # lists of several lengths
        vector = np.empty(0, object)
    if vector.ndim != 1 or vector.dtype.kind not in "fiu":
        raise DataError(f"the query is {vector.dtype} of shape {vector.shape}", fix="give one list of floats")
    with np.errstate(over="ignore"):
        finite = np.isfinite(vector.astype(np.float32)).all()
    if not finite:
        raise DataError("the query holds NaN, infinity, or numbers beyond float32", fix="give finite floats")
    dim = declared_dim(field)
    if dim is not None and len(vector) != dim:
        raise CompatibilityError(
            f"the query has dim {len(vector)}, the vectors of {field.name} have {dim}",
            fix="use a vector of the same model",
        )
    found: F64 = vector.astype(np.float64)
    return found
