"""The adjacency matrix that a network propagates over, saved and loaded with it."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from embedding_features.arrays import I64
from embedding_features.errors import SnapshotError
from embedding_features.graph.csr import CSR
from embedding_features.graph.propagation import product, spmm
from embedding_features.graph.submatrix import take_columns, take_rows


class AdjacencyBuffers(nn.Module):
    """Holds a square matrix with symmetric entries in buffers, and multiplies vectors by it.

    On the CPU the product is our own kernel, elsewhere torch's. Another graph may be set at any time, and
    loading a saved state sets the graph that was saved, whatever its size.

    Args:
        matrix: [nodes, nodes], equal to its transpose.
    """

    indptr: Tensor
    indices: Tensor
    weight: Tensor

    def __init__(self, matrix: CSR) -> None:
        super().__init__()
        self.set(matrix)

    def set(self, matrix: CSR) -> None:
        """Multiply by ``matrix`` from now on."""
        device = self.indptr.device if "indptr" in self._buffers else torch.device("cpu")
        for name, array in (
            ("indptr", matrix.indptr),
            ("indices", matrix.indices),
            ("weight", matrix.weights()),
        ):
            self.register_buffer(name, torch.from_numpy(array).to(device))
        self._matrix = matrix
        self._sparse: Tensor | None = None

    def times(self, x: Tensor) -> Tensor:
        """Return the product with ``x`` [nodes, d], differentiable in it."""
        if x.device.type == "cpu":
            return product(self._matrix, self._matrix, x)
        return self.times_by_torch(x)

    def rows_times(self, rows: Tensor, x: Tensor) -> Tensor:
        """Return the ``rows`` [n] of the product with ``x`` [nodes, d], at the cost of their entries.

        No gradient flows through it.
        """
        if x.device.type != "cpu":
            return self.times_by_torch(x)[rows]
        return torch.from_numpy(spmm(take_rows(self._matrix, rows.numpy()), x.detach().numpy()))

    def times_rows(self, rows: Tensor, x: Tensor) -> Tensor:
        """Return the product with vectors that are ``x`` [n, d] in [n] distinct rows, and 0 in the others.

        No gradient flows through it.
        """
        if x.device.type != "cpu":
            return self.times_by_torch(x.new_zeros(self._matrix.rows, x.shape[1]).index_copy(0, rows, x))
        return torch.from_numpy(spmm(take_columns(self._matrix, rows.numpy()), x.detach().numpy()))

    def times_by_torch(self, x: Tensor) -> Tensor:
        """Return the same by torch's sparse product, on any device."""
        if self._sparse is None or self._sparse.device != x.device:
            self._sparse = torch.sparse_csr_tensor(
                self.indptr.to(x.device),
                self.indices.to(x.device, torch.int64),
                self.weight.to(x.device),
                (self._matrix.rows, self._matrix.columns),
                check_invariants=False,
            )
        return self._sparse @ x

    def edges(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return [e] rows and [e] neighbours (int64) and [e] weights of all entries."""
        rows = torch.from_numpy(self._matrix.sources().astype(np.int64))
        return rows, self.indices.to(torch.int64), self.weight

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        names = [prefix + name for name in ("indptr", "indices", "weight")]
        if all(name in state_dict for name in names):
            indptr, indices, weight = (state_dict[name].numpy() for name in names)
            _check_sound(indptr, indices, weight, self._matrix.rows)
            self.set(CSR(indptr, indices, self._matrix.rows, weight))
        super()._load_from_state_dict(state_dict, prefix, *args)


def _check_sound(indptr: I64, indices: Any, weight: Any, nodes: int) -> None:
    """Check arrays that compiled kernels are going to trust."""
    sound = (
        [str(a.dtype) for a in (indptr, indices, weight)] == ["int64", "int32", "float32"]
        and len(indptr) == nodes + 1
        and len(weight) == len(indices) == indptr[-1]
        and indptr[0] == 0
        and (np.diff(indptr) >= 0).all()
        and (len(indices) == 0 or (indices.min() >= 0 and indices.max() < nodes))
    )
    if not sound:
        raise SnapshotError(
            "indptr, indices and weight are not a graph of these nodes", fix="publish it again"
        )
