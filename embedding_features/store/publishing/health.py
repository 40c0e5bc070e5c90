"""The health gate of publishing: figures that were recorded, and vectors that pass it here and now."""

from embedding_features.artifact import Manifest, Snapshot
from embedding_features.errors import HealthError
from embedding_features.space import HealthConfig, check_health


def check_snapshot_health(snapshot: Snapshot, config: HealthConfig) -> None:
    """Check that figures were recorded, and that the vectors pass the health gate here and now.

    Raises:
        HealthError: when they were not or do not, with the figures.
    """
    check_recorded_health(snapshot.manifest)
    check_health(snapshot.embeddings(), config).raise_if_unhealthy()
    for node_type, figures in snapshot.manifest.health.items():
        usage = figures.get("cluster_usage", 1.0)  # of the codebook at derivation, not of the vectors
        if usage < config.min_cluster_usage:
            raise HealthError(
                f"run {snapshot.manifest.run_id} uses a share of {usage:.4g} of the {node_type} clusters, "
                f"less than {config.min_cluster_usage:.4g}",
                fix="derive fewer clusters, or move the threshold",
            )


def check_recorded_health(manifest: Manifest) -> None:
    """Check that every node type has health figures.

    Raises:
        HealthError: when a node type has no health figures.
    """
    missing = sorted(t for t in manifest.nodes if not manifest.health.get(t))
    if missing:
        raise HealthError(
            f"run {manifest.run_id} has no health figures for {', '.join(missing)}",
            fix="run the health gate on the snapshot before publishing it",
        )
