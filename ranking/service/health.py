"""What ``/health`` says: no path, no token, and no work on the store."""

from ranking.service.answers import Columns, HealthAnswer, PinnedView
from ranking.service.service import RankingService


def health(service: RankingService, request_id: str) -> HealthAnswer:
    """That the service lives, and what it serves."""
    loaded, reachable = service.bundles.current, service.guard.reachable
    record = loaded.bundle.record
    return HealthAnswer(
        status="ok" if reachable else "degraded",
        bundle=record.digest,
        ranker=str(record.ranker["kind"]),
        pins=[PinnedView(view=pin.view, version=pin.version, run_id=pin.run_id) for pin in record.pins],
        store_reachable=reachable,
        columns=Columns(
            request=loaded.plan.of_request, store=list(loaded.plan.mapped), missing=service.metrics.missing
        ),
        request_id=request_id,
    )
