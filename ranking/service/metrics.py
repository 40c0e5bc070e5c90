"""The figures of a service, as Prometheus reads them.

Values are kept here and given as families of metrics: the objects of ``prometheus_client`` share theirs with
all of a process, and Feast, which turns its mode for many processes on, keeps them in files. Everything is
counted on the event loop, so nothing is locked.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

_BOUNDS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class SecondsHistogram:
    """Counts times: for each bound those that are at most that and more than the bound before."""

    def __init__(self) -> None:
        self._counts, self._sum = [0] * (len(_BOUNDS) + 1), 0.0

    def add(self, seconds: float) -> None:
        """Count a time."""
        self._counts[bisect_left(_BOUNDS, seconds)] += 1
        self._sum += seconds

    def cumulated(self) -> tuple[list[tuple[str, float]], float]:
        """Return each bound with how many times were at most that, and the sum of all times."""
        total, buckets = 0, []
        for bound, count in zip((*map(str, _BOUNDS), "+Inf"), self._counts, strict=True):
            total += count
            buckets.append((bound, float(total)))
        return buckets, self._sum


class Metrics:
    """Holds the figures of one service.

    Attributes:
        in_flight: requests being answered.
        degraded: whether the online store counts as away.
        candidates: items scored.
        degraded_answers: answers scored without the online store.
        without_vector: side → ids without a pretrained feature.
        missing: raw column → requests in which no source gave it.
        reloads: how they ended: ok, unchanged or refused.
        bundle: digest and kind of ranker of the bundle that is served.
    """

    def __init__(self) -> None:
        self.in_flight, self.degraded, self.candidates, self.degraded_answers = 0, False, 0, 0
        self.without_vector: Counter[str] = Counter(user=0, item=0)
        self.missing: Counter[str] = Counter()
        self.reloads: Counter[str] = Counter(ok=0, unchanged=0, refused=0)
        self.bundle = ("", "")
        self._requests: Counter[tuple[str, str]] = Counter()
        self._seconds: dict[str, SecondsHistogram] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered, and the time it took."""
        self._requests[route, str(status)] += 1
        self._seconds.setdefault(route, SecondsHistogram()).add(seconds)

    def text(self) -> bytes:
        """Return the figures in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield the figures as families of metrics, as a registry asks for them."""
        yield _counter("requests", "Requests answered.", ("route", "status"), self._requests)
        times = HistogramMetricFamily(
            _name("request_seconds"), "From a request's first byte to its answer.", labels=["route"]
        )
        for route, seconds in self._seconds.items():
            times.add_metric([route], *seconds.cumulated())
        yield times
        yield _gauge("in_flight", "Requests being answered.", self.in_flight)
        yield _counter("candidates", "Items scored.", (), {(): self.candidates})
        yield _counter(
            "ids_without_vector",
            "Ids without a pretrained feature.",
            ("side",),
            _one_label(self.without_vector),
        )
        yield _counter(
            "columns_missing",
            "Requests in which no source gave a column.",
            ("column",),
            _one_label(self.missing),
        )
        yield _gauge("degraded", "1 while the online store counts as away.", self.degraded)
        yield _counter(
            "degraded_answers", "Answers scored without the online store.", (), {(): self.degraded_answers}
        )
        yield _counter("reloads", "Reloads by how they ended.", ("result",), _one_label(self.reloads))
        bundle = GaugeMetricFamily(
            _name("bundle_info"), "The bundle that is served.", labels=["digest", "ranker"]
        )
        bundle.add_metric(self.bundle, 1)
        yield bundle


def _name(name: str) -> str:
    return f"embedding_features_{name}"


def _counter(name: str, help_: str, labels: Sequence[str], values: Mapping[Any, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(_name(name), help_, labels=labels)
    for label_values, value in values.items():
        family.add_metric(label_values, value)
    return family


def _gauge(name: str, help_: str, value: int) -> GaugeMetricFamily:
    return GaugeMetricFamily(_name(name), help_, value=value)


def _one_label(values: Mapping[str, int]) -> dict[tuple[str, ...], int]:
    return {(name,): value for name, value in values.items()}
