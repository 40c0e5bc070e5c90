"""Clusters: the ids of the nearest ones of each node, with weights."""

from typing import ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from embedding_features.arrays import F32, AnyArray
from embedding_features.artifact import Kind
from embedding_features.derive.base import Arrays, CodebookSpec, lists
from embedding_features.derive.kmeans import kmeans, nearest


class Clusters(CodebookSpec):
    """Derives the nearest of k k-means clusters, and how near: ``cluster_ids`` and ``cluster_weights``.

    The weight of a cluster at squared distance d² is softmax(-d² / (temperature · s)) over the top K, where s
    is the mean squared distance of the vectors learned from to their nearest centroid: the temperature has no
    unit. Under cosine, vectors are compared at length 1.

    Attributes:
        k: number of clusters; fewer when there are fewer different vectors.
        top_k: ids per node, nearest first; no more than there are clusters.
        temperature: higher spreads the weights.
    """

    table: ClassVar[Kind] = "clusters"
    column: ClassVar[str] = "cluster_ids"
    kind: Literal["clusters"] = "clusters"
    k: int = Field(default=256, ge=1)
    top_k: int = Field(default=4, ge=1)
    temperature: float = Field(default=1.0, gt=0)

    @model_validator(mode="after")
    def _top_k_within_k(self) -> Self:
        if self.top_k > self.k:
            raise ValueError(f"top_k {self.top_k} is above k {self.k}")
        return self

    def learn(self, vectors: F32, seed: int) -> dict[str, AnyArray]:
        """Return ``centroids`` [≤ k, dim] and ``scale`` [1]."""
        centroids = kmeans(vectors, self.k, seed)
        scale = nearest(vectors, centroids)[0].mean(dtype=np.float64)
        return {"centroids": centroids, "scale": np.array([scale], np.float64)}

    def encode(self, arrays: Arrays, vectors: F32) -> dict[str, pa.Array]:
        """Return ids and weights of the nearest clusters; see :meth:`CodebookSpec.encode`."""
        centroids = arrays["centroids"]
        distances, rows = nearest(vectors, centroids, min(self.top_k, len(centroids)))
        unit = max(self.temperature * float(arrays["scale"][0]), 1e-30)  # 0 where each vector is a centroid
        weights = np.exp((distances[:, :1] - distances) / unit, dtype=np.float64)
        weights /= weights.sum(axis=1, keepdims=True)
        return {"cluster_ids": lists(rows), "cluster_weights": lists(weights.astype(np.float32))}
