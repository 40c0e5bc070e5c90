"""Autoencoders of a sparse matrix's rows, and the loop that trains them."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from embedding_features.arrays import F32, I64, positions_in_runs
from embedding_features.config import Config
from embedding_features.errors import TrainingError
from embedding_features.graph.csr import CSR
from embedding_features.progress import Advance
from embedding_features.solvers.proximity.entries import entries

#: rows that are encoded at once
_ROWS = 1024


class Autoencoder(nn.Module):
    """Maps rows of a sparse matrix to codes by two layers, and codes to rows by two more.

    Neither rows nor what the codes stand for are ever dense: the first layer adds up the weights of a row's
    entries, the last one is made at the entries and columns that are asked for. Codes and decoded rows are
    linear (Hinton & Salakhutdinov, Science 2006): a nonlinear code layer would cut off part of what is few
    numbers already.

    Args:
        columns: of the matrix.
        hidden: width of the layers between.
        dim: width of the codes.
        activation: behind the layers between.
        generator: what the weights are drawn from (Glorot & Bengio, AISTATS 2010, eq. 16).
    """

    def __init__(
        self,
        columns: int,
        hidden: int,
        dim: int,
        activation: Callable[[Tensor], Tensor],
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        shapes = ((columns, hidden), (dim, hidden), (hidden, dim), (columns, hidden))
        self.weights = nn.ParameterList(torch.empty(shape) for shape in shapes)
        self.biases = nn.ParameterList(torch.zeros(width) for width in (hidden, dim, hidden, columns))
        self.activation = activation
        for weight in self.weights:
            nn.init.xavier_uniform_(weight, generator=generator)

    def encode(self, rows: CSR) -> Tensor:
        """Return the codes [n, dim] of rows [n, columns]."""
        indices, starts = torch.from_numpy(rows.indices), torch.from_numpy(rows.indptr[:-1].astype(np.int32))
        summed = functional.embedding_bag(
            indices,
            self.weights[0],
            starts,
            mode="sum",
            per_sample_weights=None if rows.weight is None else torch.from_numpy(rows.weight),
        )
        hidden = self.activation(summed + self.biases[0])
        return functional.linear(hidden, self.weights[1], self.biases[1])

    def squared_errors(self, codes: Tensor, rows: CSR, sampled: Tensor, emphasis: float = 1.0) -> Tensor:
        """Estimate Σ (b_ij (x̂_ij − x_ij))² over all rows, b_ij = ``emphasis`` at entries and 1 elsewhere.

        Entries are counted exactly; the others, where x_ij = 0, are counted in ``sampled`` columns and scaled
        up.

        Args:
            codes: [n, dim] of the rows, from which x̂ is decoded.
            rows: x [n, columns].
            sampled: [columns sampled] int64, drawn evenly with replacement, or each column once.
            emphasis: b.
        """
        hidden = self.activation(functional.linear(codes, self.weights[2], self.biases[2]))
        columns = torch.from_numpy(rows.indices)
        met = entries(rows, hidden, self.weights[3]) + self.biases[3].index_select(0, columns)
        chosen = (values.index_select(0, sampled) for values in (self.weights[3], self.biases[3]))
        drawn = functional.linear(hidden, *chosen).square().sum()
        times = torch.bincount(sampled, minlength=rows.columns).index_select(0, columns)
        zeros = (drawn - (times * met.square()).sum()) * (rows.columns / len(sampled))
        found: Tensor = emphasis**2 * (met - torch.from_numpy(rows.weights())).square().sum() + zeros
        return found


class Descent(Config):
    """Says how an autoencoder is trained.

    Attributes:
        epochs: times that each row is taken.
        batch_size: rows of a step.
        learning_rate: of Adam (Kingma & Ba, ICLR 2015).
        regularization: weight of half the squares of the layers' weights beside a row's mean loss.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    regularization: float


def descend(
    model: Autoencoder,
    loss: Callable[[I64], Tensor],
    rows: int,
    settings: Descent,
    rng: np.random.Generator,
    advance: Advance,
) -> None:
    """Train by the mean losses of random batches of rows.

    Args:
        model: what is trained, in place.
        loss: gives the mean loss of rows [n].
        rows: number of all rows.
        settings: how.
        rng: of the rows' order.
        advance: told of each epoch.

    Raises:
        TrainingError: when the loss is no longer a number.
    """
    groups = [{"params": list(model.weights), "weight_decay": settings.regularization}]
    groups.append({"params": list(model.biases), "weight_decay": 0.0})
    optimizer = torch.optim.Adam(groups, lr=settings.learning_rate, fused=True)
    for _ in range(settings.epochs):
        order, total = rng.permutation(rows), 0.0
        for start in range(0, rows, settings.batch_size):
            found = loss(order[start : start + settings.batch_size])
            optimizer.zero_grad()
            found.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += float(found.detach())
        if not np.isfinite(total):
            raise TrainingError(f"the loss is {total}", fix=f"lower learning_rate {settings.learning_rate:g}")
        advance()


def codes_of(model: Autoencoder, matrix: CSR) -> F32:
    """Return the codes [rows, dim] of all rows of a matrix."""
    with torch.no_grad():
        starts = range(0, matrix.rows, _ROWS)
        blocks = [np.arange(start, min(start + _ROWS, matrix.rows)) for start in starts]
        codes = torch.cat([model.encode(rows_of(matrix, block)) for block in blocks])
    return np.asarray(codes.numpy())


def rows_of(matrix: CSR, rows: I64) -> CSR:
    """Return some rows [n, columns] of a matrix, in the order given."""
    counts = matrix.degrees[rows]
    places = np.repeat(matrix.indptr[rows], counts) + positions_in_runs(counts)
    weight = None if matrix.weight is None else matrix.weight[places]
    return CSR(np.append(0, np.cumsum(counts)), matrix.indices[places], matrix.columns, weight)
