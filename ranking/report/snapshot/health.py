"""The figures the health gate saw, beside its thresholds."""

from typing import Literal

from embedding_features.artifact import Manifest, NodeRecord
from embedding_features.space import Check, HealthConfig


def recorded_checks(manifest: Manifest, config: HealthConfig = HealthConfig()) -> list[Check]:  # noqa: B008
    """The manifest's health figures with the gate's thresholds; one it has no rule for is left out."""
    checks = []
    for node_type, figures in manifest.health.items():
        for figure, value in figures.items():
            rule = _rule(figure, manifest.nodes[node_type], manifest.space.dim, config)
            if rule is not None:
                checks.append(Check(node_type, figure, value, *rule))
    return checks


def _rule(
    figure: str, nodes: NodeRecord, dim: int, config: HealthConfig
) -> tuple[Literal["<=", ">="], float] | None:
    """As :func:`.check_health` judges; a test holds the two to one answer."""
    limits = config.model_dump()
    if figure == "nan_or_inf":
        return "<=", 0.0
    if figure == "effective_rank":
        return ">=", 1 + config.min_effective_rank * (min(nodes.count, dim) - 1)
    if f"max_{figure}" in limits:
        return "<=", limits[f"max_{figure}"]
    return (">=", limits[f"min_{figure}"]) if f"min_{figure}" in limits else None
