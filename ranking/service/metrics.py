"""The figures of a service, as Prometheus reads them.

Values are kept here and given as families of metrics: the objects of ``prometheus_client`` share theirs with
all of a process, and Feast, which turns its mode for many processes on, keeps them in files. Everything is
counted on the event loop, so nothing is locked.
"""

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from ranking.service.metric_families import (
    SecondsHistogram,
    counter,
    gauge,
    histogram,
    metric_name,
    one_label,
)
from ranking.task.task import SIDES, Side

#: of ages of events: from a second to ninety days
_AGE_BOUNDS = (1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 3600.0, 21600.0, 86400.0, 604800.0, 2592000.0, 7776000.0)


class Metrics:
    """Holds the figures of one service.

    Attributes:
        in_flight: requests being answered.
        degraded: whether the online store counts as away.
        candidates: items scored.
        degraded_answers: answers scored without the online store.
        without_vector: side → ids without a pretrained feature.
        missing: raw column → requests in which no source gave it.
        without_events: side → requests whose fresh figures of it rest on no event.
        reloads: how they ended: ok, unchanged or refused.
        bundle: digest and kind of ranker of the bundle that is served.
    """

    def __init__(self) -> None:
        self.in_flight, self.degraded, self.candidates, self.degraded_answers = 0, False, 0, 0
        self.without_vector: Counter[str] = Counter(user=0, item=0)
        self.missing: Counter[str] = Counter()
        self.without_events: Counter[str] = Counter(user=0, item=0)
        self.reloads: Counter[str] = Counter(ok=0, unchanged=0, refused=0)
        self.bundle = ("", "")
        self._requests: Counter[tuple[str, str]] = Counter()
        self._seconds: dict[str, SecondsHistogram] = {}
        self._event_ages = {side: SecondsHistogram(_AGE_BOUNDS) for side in SIDES}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered, and the time it took."""
        self._requests[route, str(status)] += 1
        self._seconds.setdefault(route, SecondsHistogram()).add(seconds)

    def count_events(self, side: Side, newest_age: float | None) -> None:
        """Count a request of a bundle that reads fresh figures of a side.

        Args:
            side: whose events they are made of.
            newest_age: seconds from the newest of them to the request; None where there was none.
        """
        if newest_age is None:
            self.without_events[side] += 1
        else:
            self._event_ages[side].add(newest_age)

    def text(self) -> bytes:
        """Return the figures in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield the figures as families of metrics, as a registry asks for them."""
        yield counter("requests", "Requests answered.", ("route", "status"), self._requests)
        yield histogram(
            "request_seconds", "From a request's first byte to its answer.", "route", self._seconds
        )
        yield gauge("in_flight", "Requests being answered.", self.in_flight)
        yield counter("candidates", "Items scored.", (), {(): self.candidates})
        yield counter(
            "ids_without_vector",
            "Ids without a pretrained feature.",
            ("side",),
            one_label(self.without_vector),
        )
        yield counter(
            "columns_missing",
            "Requests in which no source gave a column.",
            ("column",),
            one_label(self.missing),
        )
        yield counter(
            "requests_without_events",
            "Requests whose fresh figures rest on no event.",
            ("side",),
            one_label(self.without_events),
        )
        yield histogram(
            "newest_event_age_seconds",
            "Age of the newest event that a request's fresh figures rest on.",
            "side",
            self._event_ages,
        )
        yield gauge("degraded", "1 while the online store counts as away.", self.degraded)
        yield counter(
            "degraded_answers", "Answers scored without the online store.", (), {(): self.degraded_answers}
        )
        yield counter("reloads", "Reloads by how they ended.", ("result",), one_label(self.reloads))
        bundle = GaugeMetricFamily(
            metric_name("bundle_info"), "The bundle that is served.", labels=["digest", "ranker"]
        )
        bundle.add_metric(self.bundle, 1)
        yield bundle
