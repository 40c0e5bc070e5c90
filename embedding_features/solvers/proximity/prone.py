"""ProNE: a sparse factorization, then propagation through a band of the graph's spectrum."""

from typing import Literal

import numpy as np
from pydantic import Field
from scipy.special import iv

from embedding_features.arrays import F32
from embedding_features.graph.csr import CSR
from embedding_features.graph.propagation import spmm
from embedding_features.progress import SILENT, Progress
from embedding_features.solvers.proximity.adjacency import (
    merged_adjacency,
    reciprocal,
    transition,
    weighted_degrees,
)
from embedding_features.solvers.proximity.factors import FactoredProximity, tall_factor, unit_rows


class ProNE(FactoredProximity):
    """Factors the edges' shifted log chances, and filters the vectors by a Gaussian of the graph's spectrum.

    Vectors R are U S^½ of the sparse F_ij = log p_ij − log q_j over the edges, p = D⁻¹A and
    q_j ∝ (Σ_i p_ij)^¾ (Zhang et al., IJCAI 2019, section 3.1, λ = 1). Then R ← (A + I)(R − g R), where
    g = exp(−θ (½ (L − μ)² − 1)), L = I − D̃⁻¹(A + I), is summed up to ``order`` Chebyshev polynomials
    (section 3.2), and R is made orthogonal by its decomposition. Every vector has length 1. The details are
    those of the authors' code.

    Time and memory grow with the edges: there is no dense matrix of nodes by nodes.

    Attributes:
        order: number of Chebyshev polynomials; 1 leaves the vectors unfiltered.
        mu: μ, the middle of the band.
        theta: θ, how sharp it is.
    """

    kind: Literal["prone"] = "prone"
    order: int = Field(default=10, ge=1)
    mu: float = 0.2
    theta: float = Field(default=0.5, gt=0)

    def solve(self, adjacency: CSR, *, seed: int = 0, progress: Progress = SILENT) -> F32:
        """Compute the vectors of an undirected graph; see :meth:`.ProximitySolver.solve`."""
        pairs = merged_adjacency(adjacency, undirected=True)
        with progress.task("prone", self.iterations + 3) as advance:
            vectors = unit_rows(self.factor(log_chances(pairs).transposed(), self.dim, seed, advance))
            advance()
            if self.order > 1:
                vectors = unit_rows(tall_factor(propagated(pairs, vectors, self.order, self.mu, self.theta)))
            advance()
        return vectors


def log_chances(pairs: CSR) -> CSR:
    """Return F, the shifted log chances of the edges; 0 for edges of weight 0.

    Args:
        pairs: [nodes, nodes] with one entry a pair.
    """
    chance = transition(pairs)
    context = np.bincount(pairs.indices, chance.weights(), minlength=pairs.columns) ** 0.75
    context /= context.sum()
    share = chance.weights() / context[pairs.indices].clip(min=np.finfo(np.float64).tiny)
    logs = np.log(share, out=np.zeros(len(share)), where=share > 0)
    return CSR(pairs.indptr, pairs.indices, pairs.columns, logs.astype(np.float32))


def propagated(pairs: CSR, vectors: F32, order: int, mu: float, theta: float) -> F32:
    """Return (A + I)(R − g R), g summed up to ``order`` Chebyshev polynomials of ½ (L − μ)² − 1.

    Args:
        pairs: A [nodes, nodes], symmetric, with one entry a pair.
        vectors: R [nodes, dim].
        order: number of polynomials, at least 2.
        mu: μ.
        theta: θ.
    """
    degrees = weighted_degrees(pairs)
    inverse = reciprocal(degrees + 1).astype(np.float32)[:, None]

    def shifted(x: F32) -> F32:  # (L − μ) x
        return np.float32(1 - mu) * x - inverse * (x + spmm(pairs, x))

    before, last = vectors, np.float32(0.5) * shifted(shifted(vectors)) - vectors
    # e^(−θz) = I_0(θ) + 2 Σ (−1)^k I_k(θ) T_k(z)
    smooth = np.float32(iv(0, theta)) * before - np.float32(2 * iv(1, theta)) * last
    for power in range(2, order):
        before, last = last, shifted(shifted(last)) - 2 * last - before
        smooth += np.float32((-1) ** power * 2 * iv(power, theta)) * last
    rest = vectors - smooth
    return rest + spmm(pairs, rest)
