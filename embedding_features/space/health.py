"""The health gate: thresholds for what was measured of a snapshot's vectors before it is published."""

from collections.abc import Callable, Mapping
from typing import Literal

from pydantic import Field

from embedding_features.artifact import Embeddings
from embedding_features.config import Config
from embedding_features.derive import Features
from embedding_features.graph import Graph
from embedding_features.space.figures import cluster_usage, fresh_figures, vector_figures
from embedding_features.space.health_report import Check, HealthReport


class HealthConfig(Config):
    """Thresholds of the health gate; a figure is a share of the node type's vectors unless said otherwise.

    Attributes:
        max_zero_vectors: vectors that are all zero.
        max_duplicate_vectors: vectors that another one equals. Nodes with the same neighbours rightly share
            one, so this is to catch collapse only.
        max_norm_outliers: vectors whose log norm lies more than ``outlier_deviations`` robust standard
            deviations (1.4826 · median absolute deviation, at least 0.1) from the median.
        outlier_deviations: see ``max_norm_outliers``.
        min_effective_rank: how far on the way from 1, all vectors on one line, to min(dim, vectors).
        min_coverage: share of the catalogue that has a vector (``coverage``); and that has one, or an event
            to be folded in from (``fresh_coverage``).
        min_cluster_usage: effective number of first clusters over the clusters that could be used,
            min(k, vectors); only where clusters were derived.

    No NaN or infinity is ever allowed.
    """

    max_zero_vectors: float = Field(default=0.01, ge=0, le=1)
    max_duplicate_vectors: float = Field(default=0.5, ge=0, le=1)
    max_norm_outliers: float = Field(default=0.02, ge=0, le=1)
    outlier_deviations: float = Field(default=6.0, gt=0)
    min_effective_rank: float = Field(default=0.05, ge=0, le=1)
    min_coverage: float = Field(default=0.1, ge=0, le=1)
    min_cluster_usage: float = Field(default=0.05, ge=0, le=1)


#: a threshold, of the settings and of the largest rank that the vectors could have
_Threshold = Callable[[HealthConfig, int], float]

#: figure → on which side of which threshold it must be
_RULES: Mapping[str, tuple[Literal["<=", ">="], _Threshold]] = {
    "nan_or_inf": ("<=", lambda _, __: 0),
    "zero_vectors": ("<=", lambda config, _: config.max_zero_vectors),
    "duplicate_vectors": ("<=", lambda config, _: config.max_duplicate_vectors),
    "norm_outliers": ("<=", lambda config, _: config.max_norm_outliers),
    "effective_rank": (">=", lambda config, full: 1 + config.min_effective_rank * (full - 1)),
    "coverage": (">=", lambda config, _: config.min_coverage),
    "fresh_coverage": (">=", lambda config, _: config.min_coverage),
    "cluster_usage": (">=", lambda config, _: config.min_cluster_usage),
}


def judge(node_type: str, figures: Mapping[str, float], full_rank: int, config: HealthConfig) -> list[Check]:
    """Return a check for each figure of a node type, in their order; figures without a rule are left out.

    Args:
        node_type: whose figures they are.
        figures: figure → value, as measured now or as a manifest recorded them.
        full_rank: min(dim, vectors), the largest effective rank there could be.
        config: the thresholds.
    """
    known = {figure: value for figure, value in figures.items() if figure in _RULES}
    rules = {figure: _RULES[figure] for figure in known}
    return [
        Check(node_type, figure, value, rules[figure][0], rules[figure][1](config, full_rank))
        for figure, value in known.items()
    ]


def check_health(
    content: Embeddings | Features,
    config: HealthConfig = HealthConfig(),  # noqa: B008
    graph: Graph | None = None,
) -> HealthReport:
    """Return the checks of every node type's vectors, and where there are features of their clusters.

    Args:
        content: vectors, or vectors with features derived from them.
        config: the thresholds; the defaults refuse what collapsed or diverged, and little else.
        graph: that the vectors were fitted on, whose edges say which nodes without a vector could be folded
            in; None leaves that out.

    Example:
        >>> from datetime import UTC, datetime
        >>> import numpy as np
        >>> from embedding_features.graph import Graph
        >>> from embedding_features.methods import spectral
        >>> edges = {("user", "bought", "item"): (np.array([7, 7, 8, 9]), np.array([1, 2, 2, 3]))}  # ids
        >>> graph = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges)
        >>> report = check_health(spectral(dim=2).fit(graph))
        >>> report.figures["user"]["nan_or_inf"]
        0
    """
    embeddings = content if isinstance(content, Embeddings) else content.embeddings
    checks: list[Check] = []
    for node_type, table in embeddings.tables.items():
        figures = vector_figures(table, config.outlier_deviations)
        if graph is not None:
            figures |= fresh_figures(embeddings, node_type, graph)
        if isinstance(content, Features) and (node_type, "clusters") in content.tables:
            figures["cluster_usage"] = cluster_usage(content, node_type)
        finite = len(table.vectors) - int(figures["nan_or_inf"])
        checks += judge(node_type, figures, min(finite, table.dim), config)
    return HealthReport(tuple(checks))
