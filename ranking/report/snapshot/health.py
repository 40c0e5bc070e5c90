"""The figures the health gate saw, beside its thresholds."""

from embedding_features.artifact import Manifest
from embedding_features.space import Check, HealthConfig
from embedding_features.space.health import judge


def recorded_checks(manifest: Manifest, config: HealthConfig = HealthConfig()) -> list[Check]:  # noqa: B008
    """Return the manifest's health figures as checks against the gate's thresholds.

    Args:
        manifest: of a snapshot; a figure of it that the gate has no rule for is left out.
        config: the thresholds, by default the gate's own defaults.
    """
    return [
        check
        for node_type, figures in manifest.health.items()
        for check in judge(
            node_type, figures, min(manifest.nodes[node_type].count, manifest.space.dim), config
        )
    ]
