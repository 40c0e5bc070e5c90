"""A snapshot in sentences: is it healthy, how far is it from the last one, whom did fresh vectors reach?"""

from collections.abc import Mapping, Sequence

import numpy as np

from embedding_features.artifact import Manifest
from embedding_features.artifact.manifest import FreshRecord, SinceParent
from embedding_features.space import Check
from embedding_features.space.drift import Drift
from ranking.report.page import percent, when


def snapshot_findings(checks: Sequence[Check], drifts: Sequence[Drift], parent: Manifest | None) -> list[str]:
    """Return the headline, then a sentence each on health and on the drift of each node type."""
    sentences = [f"{_health_in_short(checks)}; {_drift_in_short(drifts, parent)}.", _health(checks)]
    if parent is None:
        return [*sentences, "There is no earlier snapshot to compare it with."]
    return [*sentences, *(_drift(drift, parent) for drift in drifts)]


def fresh_findings(fresh: Mapping[str, FreshRecord]) -> list[str]:
    """Return a sentence for each node type on whom the last snapshot's stored and fresh vectors reached."""
    return [
        _fresh(node_type, record.since_parent)
        for node_type, record in fresh.items()
        if record.since_parent is not None
    ]


def _health_in_short(checks: Sequence[Check]) -> str:
    if not checks:
        return "Health not recorded"
    failed = sum(not check.passed for check in checks)
    return f"Unhealthy: {failed} of {len(checks)} figures fail" if failed else "Healthy"


def _drift_in_short(drifts: Sequence[Drift], parent: Manifest | None) -> str:
    medians = [float(np.median(d.cosines)) for d in drifts if d.cosines is not None and len(d.cosines)]
    if parent is None:
        return "the first of its kind here"
    if not medians:
        return "in another space than the last snapshot"
    return f"median cosine to the last snapshot {min(medians):.2f}"


def _health(checks: Sequence[Check]) -> str:
    failed = [check for check in checks if not check.passed]
    if not checks:
        return "The manifest records no health figures."
    if not failed:
        return f"All {len(checks)} health figures are within the gate’s default thresholds."
    failures = "; ".join(
        f"{c.node_type} {c.figure} {c.value:.4g}, must be {c.rule} {c.threshold:.4g}" for c in failed
    )
    return f"Outside the gate’s default thresholds: {failures}."


def _drift(drift: Drift, parent: Manifest) -> str:
    parts = [
        f"{drift.node_type}: {drift.shared:,} ids shared with the snapshot of {when(parent.as_of)}, "
        f"{drift.new:,} new, {drift.gone:,} gone"
    ]
    if drift.cosines is not None and len(drift.cosines):
        low, middle = np.quantile(drift.cosines, [0.05, 0.5])
        parts.append(f"cosine to the vector before: median {middle:.3f}, above {low:.3f} for 95 %")
    if drift.neighbours_kept is not None:
        parts.append(f"{percent(drift.neighbours_kept)} of neighbours kept")
    if drift.clusters_kept is not None:
        parts.append(f"{percent(drift.clusters_kept)} kept their first cluster")
    return "; ".join(parts) + "."


def _fresh(node_type: str, since: SinceParent) -> str:
    stored, reachable = (count / max(since.nodes, 1) for count in (since.stored, since.reachable))
    parts = [
        f"{node_type}: of {since.nodes:,} with events, the snapshot of {when(since.as_of)} had a vector of "
        f"{percent(stored)}, and with fresh ones reached {percent(reachable)}"
    ]
    for group, found in list(since.moved.items())[-1:]:
        if found.count:
            median = found.quantiles["50%"]
            parts.append(f"median cosine between the two with {group} new events: {median:.3f}")
    return "; ".join(parts) + "."
