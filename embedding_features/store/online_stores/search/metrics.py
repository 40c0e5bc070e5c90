"""The metric of a search: as the feature declares it, or as the caller asks."""

from feast import Field

from embedding_features.artifact import Metric
from embedding_features.errors import CompatibilityError, StoreError
from embedding_features.store.marks import mark

_METRICS: dict[str, Metric] = {
    "l2": "l2",
    "euclidean": "l2",
    "cosine": "cosine",
    "dot": "dot",
    "inner_product": "dot",
    "ip": "dot",
}


def metric_of(field: Field, asked: str | None) -> Metric:
    """Return the declared metric, or else the one asked for, or else l2.

    Raises:
        StoreError: when it is unknown.
        CompatibilityError: when another one is asked for than is declared.
    """
    name = field.vector_search_metric or mark(field, "metric")
    declared = _known(name, field.name) if name else None
    wanted = _known(asked, field.name) if asked else declared or "l2"
    if declared is not None and wanted != declared:
        raise CompatibilityError(
            f"asked for the metric {asked}, the vectors of {field.name} are compared by {declared}",
            fix=f'pass distance_metric="{declared}" (Feast asks for L2 where nobody says which)',
        )
    return wanted


def _known(name: str, feature: str) -> Metric:
    """Return a metric by any of the names that Feast and others give it."""
    if name.lower() not in _METRICS:
        raise StoreError(f"feature {feature}: unknown metric {name!r}", fix=f"one of {', '.join(_METRICS)}")
    return _METRICS[name.lower()]
