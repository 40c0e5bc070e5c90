"""Discrete tokens of vectors: product quantization, residual quantization, quantile bins.

Each is a list of integers a node; position p has its own code table, so equal numbers at two positions mean
different things.
"""

from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from embedding_features.arrays import F32, I64, AnyArray
from embedding_features.artifact import Kind
from embedding_features.derive.base import Arrays, CodebookSpec, lists
from embedding_features.derive.kmeans import kmeans, nearest
from embedding_features.errors import DataError


class TokenSpec(CodebookSpec):
    """Describes one column of tokens."""

    table: ClassVar[Kind] = "tokens"


class ProductTokens(TokenSpec):
    """Cuts vectors into parts and quantizes each by k-means: product quantization.

    Jégou, Douze & Schmid, Product Quantization for Nearest Neighbor Search, PAMI 2011.

    Attributes:
        parts: number of tokens; divides the dim.
        codes: size of each part's code table; fewer when a part has fewer different values.
    """

    column: ClassVar[str] = "pq_tokens"
    kind: Literal["product_tokens"] = "product_tokens"
    parts: int = Field(default=8, ge=1)
    codes: int = Field(default=256, ge=1)

    def learn(self, vectors: F32, seed: int) -> dict[str, AnyArray]:
        """Return ``part_<p>`` [≤ codes, dim / parts] for each part.

        Raises:
            DataError: when ``parts`` does not divide the dim.
        """
        if vectors.shape[1] % self.parts:
            raise DataError(
                f"{self.parts} parts do not divide dim {vectors.shape[1]}",
                fix="set parts to a divisor of the dim",
            )
        parts = np.split(vectors, self.parts, axis=1)
        return {_name("part", p): kmeans(part, self.codes, seed + p) for p, part in enumerate(parts)}

    def encode(self, arrays: Arrays, vectors: F32) -> dict[str, pa.Array]:
        """Return the tokens of vectors; see :meth:`CodebookSpec.encode`."""
        tokens = np.empty((len(vectors), self.parts), np.int64)
        for p, part in enumerate(np.split(vectors, self.parts, axis=1)):
            tokens[:, p] = nearest(part, arrays[_name("part", p)])[1][:, 0]
        return {self.column: lists(tokens)}


class ResidualTokens(TokenSpec):
    """Quantizes in levels, each what the levels before it left: residual quantization.

    Chen, Guan & Wang, Approximate Nearest Neighbor Search by Residual Vector Quantization, Sensors 2010.

    The tokens read from coarse to fine, as the semantic ids of TIGER (Rajput et al., NeurIPS 2023), whose
    encoder is learned; here the vectors themselves are quantized, greedily.

    Attributes:
        levels: number of tokens.
        codes: size of each level's code table; fewer when there are fewer different residuals.
    """

    column: ClassVar[str] = "rq_tokens"
    kind: Literal["residual_tokens"] = "residual_tokens"
    levels: int = Field(default=4, ge=1)
    codes: int = Field(default=256, ge=1)

    def learn(self, vectors: F32, seed: int) -> dict[str, AnyArray]:
        """Return ``level_<l>`` [≤ codes, dim] for each level."""
        arrays: dict[str, AnyArray] = {}
        residual = vectors
        for level in range(self.levels):
            centroids = kmeans(residual, self.codes, seed + level)
            arrays[_name("level", level)] = centroids
            residual = residual - centroids[nearest(residual, centroids)[1][:, 0]]
        return arrays

    def encode(self, arrays: Arrays, vectors: F32) -> dict[str, pa.Array]:
        """Return the tokens of vectors; see :meth:`CodebookSpec.encode`."""
        tokens = np.empty((len(vectors), self.levels), np.int64)
        residual = vectors
        for level in range(self.levels):
            centroids = arrays[_name("level", level)]
            tokens[:, level] = nearest(residual, centroids)[1][:, 0]
            residual = residual - centroids[tokens[:, level]]
        return {self.column: lists(tokens)}


class QuantileBins(TokenSpec):
    """Says into which of b equally filled intervals each dimension of a vector falls.

    Bin j of a dimension is (edge j-1, edge j], edges at the quantiles 1/b … (b-1)/b of the vectors learned
    from. Where values tie, edges coincide and bins between them stay empty; a constant dimension is bin 0.

    Attributes:
        bins: intervals a dimension.
        dims: the first so many dimensions; None for all.
    """

    column: ClassVar[str] = "bin_tokens"
    kind: Literal["quantile_bins"] = "quantile_bins"
    bins: int = Field(default=8, ge=2)
    dims: int | None = Field(default=None, ge=1)

    def learn(self, vectors: F32, seed: int) -> dict[str, AnyArray]:  # noqa: ARG002 (nothing is random)
        """Return ``edges`` [dims, bins - 1], ascending.

        Raises:
            DataError: when ``dims`` is above the dim.
        """
        dims = self.dims or vectors.shape[1]
        if dims > vectors.shape[1]:
            raise DataError(
                f"dims {dims} is above the dim {vectors.shape[1]}", fix="lower dims, or leave it out"
            )
        # Edges are values that occur, so that equal values never straddle one by rounding.
        at = np.arange(1, self.bins) / self.bins
        edges: F32 = np.quantile(vectors[:, :dims], at, axis=0, method="inverted_cdf").T
        return {"edges": np.ascontiguousarray(edges, np.float32)}

    def encode(self, arrays: Arrays, vectors: F32) -> dict[str, pa.Array]:
        """Return the tokens of vectors; see :meth:`CodebookSpec.encode`."""
        edges = arrays["edges"]
        tokens: I64 = np.empty((len(vectors), len(edges)), np.int64)
        for dim, row in enumerate(edges):
            tokens[:, dim] = np.searchsorted(row, vectors[:, dim], side="left")
        return {self.column: lists(tokens)}


def _name(of: str, position: int) -> str:
    return f"{of}_{position:03d}"
