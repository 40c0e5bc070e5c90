"""Families of metrics, named as those of the service are."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

_BOUNDS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class SecondsHistogram:
    """Counts times: for each bound those that are at most that and more than the bound before.

    Args:
        bounds: ascending, in seconds.
    """

    def __init__(self, bounds: Sequence[float] = _BOUNDS) -> None:
        self._bounds, self._counts, self._sum = bounds, [0] * (len(bounds) + 1), 0.0

    def add(self, seconds: float) -> None:
        """Count a time."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def cumulated(self) -> tuple[list[tuple[str, float]], float]:
        """Return each bound with how many times were at most that, and the sum of all times."""
        total, buckets = 0, []
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            total += count
            buckets.append((bound, float(total)))
        return buckets, self._sum


def metric_name(name: str) -> str:
    """Return the name under which Prometheus knows a metric of the service."""
    return f"embedding_features_{name}"


def counter(name: str, help_: str, labels: Sequence[str], values: Mapping[Any, int]) -> CounterMetricFamily:
    """Return a counter with a value for each of some values of its labels."""
    family = CounterMetricFamily(metric_name(name), help_, labels=labels)
    for label_values, value in values.items():
        family.add_metric(label_values, value)
    return family


def histogram(
    name: str, help_: str, label: str, values: Mapping[Any, SecondsHistogram]
) -> HistogramMetricFamily:
    """Return a histogram with times for each of some values of its one label."""
    family = HistogramMetricFamily(metric_name(name), help_, labels=[label])
    for value, seconds in values.items():
        family.add_metric([value], *seconds.cumulated())
    return family


def gauge(name: str, help_: str, value: int) -> GaugeMetricFamily:
    """Return a gauge without labels."""
    return GaugeMetricFamily(metric_name(name), help_, value=value)


def one_label(values: Mapping[str, int]) -> dict[tuple[str, ...], int]:
    """Return values by one label as :func:`counter` takes them."""
    return {(name,): value for name, value in values.items()}
