"""SDNE: codes of adjacency rows, those of neighbours held together."""

from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from embedding_features.arrays import F32, I64
from embedding_features.graph.adjacency import symmetric
from embedding_features.graph.csr import CSR
from embedding_features.progress import SILENT, Progress
from embedding_features.solvers.proximity.adjacency import merged_adjacency
from embedding_features.solvers.proximity.autoencoder import Autoencoder, Descent, codes_of, descend, rows_of
from embedding_features.solvers.proximity.base import ProximitySolver
from embedding_features.solvers.proximity.factors import unit_rows


class SDNE(ProximitySolver):
    """Trains an autoencoder of the adjacency matrix's rows, whose codes are near where nodes are joined.

    The mean over nodes of ‖(x̂_i − x_i) ⊙ b_i‖² + α Σ_j s_ij ‖y_i − y_j‖², and a penalty of the weights, falls
    (Wang, Cui & Zhu, KDD 2016, eq. 4 to 6); b is β at edges and 1 elsewhere. Both sums are estimated without
    bias: the first counts edges exactly and what is none in ``columns`` random columns a step, the second
    counts edges within a batch and scales them up.

    Other than in the paper, x and s are D^−½ A D^−½, scaled to a mean square of 1 over the edges: of A
    itself, squares are mostly those of the few nodes with the most edges. Layers between are leaky
    rectifiers, codes are linear, weights start from random ones instead of a deep belief network's, and
    vectors have length 1, as the length of a code says little more than how many edges its node has.

    At one thread of torch and numba vectors are a function of graph and seed.

    Attributes:
        dim: width of the vectors.
        hidden: width of the layers beside the code.
        alpha: α, weight of the first-order proximity.
        beta: β, how much more an edge counts than none.
        regularization: ν, times the mean number of a node's neighbours: losses of nodes grow with it.
        columns: drawn in each step for what is no edge.
        epochs: times that each node is taken.
        batch_size: nodes of a step.
        learning_rate: of Adam.
    """

    kind: Literal["sdne"] = "sdne"
    dim: int = Field(default=128, ge=1)
    hidden: int = Field(default=1000, ge=1)
    alpha: float = Field(default=0.1, ge=0)
    beta: float = Field(default=5.0, ge=1)
    regularization: float = Field(default=1.5e-3, ge=0)
    columns: int = Field(default=1024, ge=1)
    epochs: int = Field(default=60, ge=1)
    batch_size: int = Field(default=512, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)

    def solve(self, adjacency: CSR, *, seed: int = 0, progress: Progress = SILENT) -> F32:
        """Compute the vectors of an undirected graph; see :meth:`.ProximitySolver.solve`.

        Raises:
            TrainingError: when the loss is no longer a number.
        """
        pairs = evened(merged_adjacency(adjacency, undirected=True))
        rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        model = Autoencoder(pairs.columns, self.hidden, self.dim, functional.leaky_relu, generator)
        settings = Descent(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            regularization=self.regularization * pairs.edges / pairs.rows,
        )

        def loss(rows: I64) -> Tensor:
            return self.loss(model, pairs, rows, rng.integers(0, pairs.columns, self.columns))

        with progress.task("sdne", self.epochs) as advance:
            descend(model, loss, pairs.rows, settings, rng, advance)
        vectors = unit_rows(codes_of(model, pairs))
        vectors[pairs.degrees == 0] = 0
        return vectors

    def loss(self, model: Autoencoder, pairs: CSR, rows: I64, columns: I64) -> Tensor:
        """Return the mean loss of nodes, estimated from edges among them and from some columns.

        Args:
            model: the autoencoder.
            pairs: [nodes, nodes] the matrix of x and s, with one entry a pair.
            rows: [n] the nodes.
            columns: [m] columns drawn evenly.
        """
        batch = rows_of(pairs, rows)
        codes = model.encode(batch)
        second = model.squared_errors(codes, batch, torch.from_numpy(columns), self.beta)
        return (second + self.alpha * first_order(codes, batch, rows)) / len(rows)


def evened(pairs: CSR) -> CSR:
    """Return D^−½ A D^−½ of a symmetric matrix, scaled to a mean square of 1 over its entries."""
    scaled = symmetric(pairs)
    root_mean_square = np.sqrt(np.square(scaled.weights(), dtype=np.float64).mean())
    return replace(scaled, weight=scaled.weights() / root_mean_square.astype(np.float32))


def first_order(codes: Tensor, batch: CSR, rows: I64) -> Tensor:
    """Estimate Σ_j s_ij ‖y_i − y_j‖² over all rows of a batch, from the edges between its nodes.

    Args:
        codes: y [n, dim].
        batch: s [n, nodes] rows of the adjacency matrix.
        rows: [n] which nodes they are.
    """
    place = np.full(batch.columns, -1)
    place[rows] = np.arange(len(rows))
    within = np.flatnonzero(place[batch.indices] >= 0)
    ends = (batch.sources()[within], place[batch.indices[within]])
    one, other = (codes.index_select(0, torch.from_numpy(end.astype(np.int64))) for end in ends)
    weight = torch.from_numpy(batch.weights()[within])
    return (weight * (one - other).square().sum(dim=1)).sum() * (batch.columns / len(rows))
