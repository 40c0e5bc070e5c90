"""DNGR: codes of what random surfing finds near a node."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from embedding_features.arrays import F32, I64
from embedding_features.graph.csr import CSR
from embedding_features.graph.propagation import spmm
from embedding_features.progress import SILENT, Progress
from embedding_features.solvers.proximity.adjacency import merged_adjacency, reciprocal, transition
from embedding_features.solvers.proximity.autoencoder import Autoencoder, Descent, codes_of, descend, rows_of
from embedding_features.solvers.proximity.base import ProximitySolver
from embedding_features.solvers.proximity.factors import column_blocks, diagonal_columns, positive_logs


class DNGR(ProximitySolver):
    """Trains a denoising autoencoder of the positive pointwise mutual information of random surfing.

    Surfing goes on with chance α and else back to its start: P_k = α P_{k−1} D⁻¹A + (1 − α) I, and M = Σ P_k
    over k = 1 … K says how near nodes are (Cao, Lu & Xu, AAAI 2016, eq. 1 and 2). Rows of their positive
    logarithms are encoded with some of their entries set to 0, and decoded to what they were. The layers are
    trained together, the ones between by hyperbolic tangents, where the paper stacks one behind the other.

    The matrix is sparse but for nodes many steps apart: at most 8 · nodes² bytes, twice while it is made. At
    one thread of torch and numba vectors are a function of graph and seed.

    Attributes:
        dim: width of the vectors.
        hidden: width of the layers beside the code.
        steps: K.
        alpha: α, the chance to go on.
        noise: share of a row's entries that are set to 0.
        columns: drawn in each step for where there is no entry.
        epochs: times that each node is taken.
        batch_size: nodes of a step.
        learning_rate: of Adam.
    """

    kind: Literal["dngr"] = "dngr"
    dim: int = Field(default=128, ge=1)
    hidden: int = Field(default=1000, ge=1)
    steps: int = Field(default=10, ge=1)
    alpha: float = Field(default=0.98, gt=0, le=1)
    noise: float = Field(default=0.2, ge=0, lt=1)
    columns: int = Field(default=1024, ge=1)
    epochs: int = Field(default=10, ge=1)
    batch_size: int = Field(default=512, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)

    def solve(self, adjacency: CSR, *, seed: int = 0, progress: Progress = SILENT) -> F32:
        """Compute the vectors, of directed graphs as well; see :meth:`.ProximitySolver.solve`.

        Raises:
            TrainingError: when the loss is no longer a number.
        """
        matrix = self.matrix(adjacency)
        rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        model = Autoencoder(matrix.columns, self.hidden, self.dim, torch.tanh, generator)
        settings = Descent(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            regularization=0.0,
        )

        def loss(rows: I64) -> Tensor:
            batch = rows_of(matrix, rows)
            codes = model.encode(corrupted(batch, self.noise, rng))
            columns = torch.from_numpy(rng.integers(0, matrix.columns, self.columns))
            return model.squared_errors(codes, batch, columns) / len(rows)

        with progress.task("dngr", self.epochs) as advance:
            descend(model, loss, matrix.rows, settings, rng, advance)
        vectors = codes_of(model, matrix)
        vectors[matrix.degrees == 0] = 0
        return vectors

    def matrix(self, adjacency: CSR) -> CSR:
        """Compute the positive pointwise mutual information [nodes, nodes], zeros in its diagonal."""
        step = transition(merged_adjacency(adjacency, undirected=False))
        blocks = list(self._surfed(step))
        row_sums = np.sum([block.sum(axis=1, dtype=np.float64) for block in blocks], axis=0)
        scale = reciprocal(row_sums).astype(np.float32)[:, None]
        shares = (_column_shares(block * scale, int(np.count_nonzero(row_sums))) for block in blocks)
        return positive_logs(shares, step.rows).transposed()

    def _surfed(self, step: CSR) -> Iterator[F32]:
        """Make blocks of columns of M, zeros in its diagonal."""
        for start, stop in column_blocks(step.rows):
            home = diagonal_columns(np.ones(step.rows), start, stop)
            surfed, total = home, np.zeros_like(home)
            for _ in range(self.steps):
                surfed = np.float32(self.alpha) * spmm(step, surfed) + np.float32(1 - self.alpha) * home
                total += surfed
            total[home > 0] = 0
            yield total


def corrupted(rows: CSR, noise: float, rng: np.random.Generator) -> CSR:
    """Return rows in which each entry is set to 0 by chance."""
    kept = rng.random(rows.edges, np.float32) >= noise
    return replace(rows, weight=rows.weights() * kept)


def _column_shares(columns: F32, total: int) -> F32:
    """Return the transpose of D m_ij / Σ_p m_pj of a block of columns j, D the sum of the whole matrix."""
    scale = total * reciprocal(columns.sum(axis=0, dtype=np.float64))
    return np.ascontiguousarray((columns * scale.astype(np.float32)).T)
