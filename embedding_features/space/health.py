"""The health gate: is a snapshot fit to be published?"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from embedding_features.arrays import F32, F64, I64
from embedding_features.artifact import Embeddings, EmbeddingTable
from embedding_features.artifact.tables import row_hashes
from embedding_features.config import Config
from embedding_features.derive import Clusters, Features
from embedding_features.errors import HealthError


def norm_outliers(norms: F64, deviations: float) -> float:
    """Share of positive norms whose logarithm is more than ``deviations`` robust deviations off."""
    if not len(norms):
        return 0.0
    logs = np.log(norms)
    distance = np.abs(logs - np.median(logs))
    # At least 0.1: where most norms are alike, as of unit vectors, a small difference is no outlier.
    spread = max(1.4826 * float(np.median(distance)), 0.1)
    return float((distance > deviations * spread).mean())


def effective_rank(vectors: F32) -> float:
    """exp of the entropy of the normalized singular values (Roy & Vetterli, EUSIPCO 2007), 0 without any."""
    # The Gram matrix [dim, dim] instead of the SVD of [n, dim]: its eigenvalues are the squares.
    gram = vectors.T.astype(np.float64) @ vectors
    singular = np.sqrt(np.maximum(np.linalg.eigvalsh(gram), 0))
    total = singular.sum()
    if total == 0:
        return 0.0
    share = singular[singular > 0] / total
    return float(np.exp(-(share * np.log(share)).sum()))


class HealthConfig(Config):
    """Thresholds; every figure is a share of the node type's vectors unless said otherwise.

    Attributes:
        max_zero_vectors: vectors that are all zero.
        max_duplicate_vectors: vectors that another one equals. Nodes with the same neighbours rightly share
            one, so this is to catch collapse only.
        max_norm_outliers: vectors whose log norm lies more than ``outlier_deviations`` robust standard
            deviations (1.4826 · median absolute deviation, at least 0.1) from the median.
        outlier_deviations: see ``max_norm_outliers``.
        min_effective_rank: how far on the way from 1, all vectors on one line, to min(dim, vectors).
        min_coverage: share of the catalogue that has a vector.
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


@dataclass(frozen=True)
class Check:
    """One figure of one node type beside its threshold."""

    node_type: str
    figure: str
    value: float
    rule: Literal["<=", ">="]
    threshold: float

    @property
    def passed(self) -> bool:
        return self.value <= self.threshold if self.rule == "<=" else self.value >= self.threshold

    def __str__(self) -> str:
        mark = "ok    " if self.passed else "FAILED"
        figure = f"{self.node_type} {self.figure}"
        return f"{mark} {figure:<32} {self.value:.4g} (must be {self.rule} {self.threshold:.4g})"


@dataclass(frozen=True)
class HealthReport:
    """What the gate saw.

    Attributes:
        checks: one for each node type and figure.
    """

    checks: tuple[Check, ...]

    @property
    def healthy(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def figures(self) -> dict[str, dict[str, float]]:
        """Node type → figure → value, as a manifest records them."""
        figures: dict[str, dict[str, float]] = {}
        for check in self.checks:
            figures.setdefault(check.node_type, {})[check.figure] = check.value
        return figures

    def raise_if_unhealthy(self) -> None:
        """Raises:
        HealthError: with every figure and its threshold.
        """
        if not self.healthy:
            raise HealthError(
                "the health gate refused the snapshot:\n" + "\n".join(f"  {check}" for check in self.checks),
                fix="mend the data or the method; or, where the figure is right, move the threshold",
            )


def check_health(content: Embeddings | Features, config: HealthConfig = HealthConfig()) -> HealthReport:  # noqa: B008
    """Examine the vectors of every node type, and where there are features their clusters.

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
        checks += _vector_checks(table, config)
        if isinstance(content, Features) and (node_type, "clusters") in content.tables:
            usage = _cluster_usage(content, node_type)
            checks.append(Check(node_type, "cluster_usage", usage, ">=", config.min_cluster_usage))
    return HealthReport(tuple(checks))


def _vector_checks(table: EmbeddingTable, config: HealthConfig) -> list[Check]:
    finite = table.vectors[np.isfinite(table.vectors).all(axis=1)]
    norms = np.sqrt(np.einsum("nd,nd->n", finite, finite, dtype=np.float64))
    count = max(len(finite), 1)
    zeros = float((norms == 0).sum() / count)
    duplicates = (len(finite) - len(np.unique(row_hashes(finite)))) / count
    outliers = norm_outliers(norms[norms > 0], config.outlier_deviations)
    least_rank = 1 + config.min_effective_rank * (min(finite.shape) - 1)
    coverage = len(table.ids) / max(table.catalogue, 1)
    return [
        Check(table.node_type, "nan_or_inf", len(table.vectors) - len(finite), "<=", 0),
        Check(table.node_type, "zero_vectors", zeros, "<=", config.max_zero_vectors),
        Check(table.node_type, "duplicate_vectors", duplicates, "<=", config.max_duplicate_vectors),
        Check(table.node_type, "norm_outliers", outliers, "<=", config.max_norm_outliers),
        Check(table.node_type, "effective_rank", effective_rank(finite), ">=", least_rank),
        Check(table.node_type, "coverage", coverage, ">=", config.min_coverage),
    ]


def _cluster_usage(features: Features, node_type: str) -> float:
    codebook = next(
        c for c in features.codebooks if c.node_type == node_type and isinstance(c.spec, Clusters)
    )
    ids = features.tables[node_type, "clusters"].column("cluster_ids").combine_chunks()
    first = _first(ids)
    clusters = len(codebook.arrays["centroids"])
    share = np.bincount(first, minlength=clusters) / max(len(first), 1)
    used = math.exp(-sum(p * math.log(p) for p in share if p > 0))
    return used / max(min(clusters, len(first)), 1)


def _first(ids: pa.ListArray) -> I64:
    """The first of each list; all lists are of one length, at least 1."""
    flat = ids.flatten().to_numpy()
    return np.asarray(flat[:: max(len(flat) // max(len(ids), 1), 1)], np.int64)
