"""Rows that Feast's engine writes batch by batch, collected so that all of them or none come online."""

from typing import Any

from feast import FeatureView, RepoConfig

from embedding_features.store.online_stores.feast_reads import Written


class CollectedRows:
    """Collects the batches that Feast's engine writes, to which it looks like an online store.

    Attributes:
        rows: what came, in order.
    """

    def __init__(self) -> None:
        self.rows: list[Written] = []

    def online_write_batch(
        self,
        config: RepoConfig,  # noqa: ARG002 - as Feast calls it
        table: FeatureView,  # noqa: ARG002
        data: list[Written],
        progress: Any,  # noqa: ARG002
    ) -> None:
        """Add a batch."""
        self.rows += data


def in_batches(config: RepoConfig, size: int) -> RepoConfig:
    """Return a configuration with batches of ``size`` rows where it states no size.

    Without one Feast converts the first chunk of an Arrow table and drops the others.
    """
    settings, copy = config.materialization_config, config.model_copy()
    size = settings.online_write_batch_size or size
    copy.materialization_config = settings.model_copy(update={"online_write_batch_size": size})
    return copy
