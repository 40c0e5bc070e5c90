"""What the nodes of a view start from: their encoded features, saved and loaded with a network."""

import json
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from embedding_features.arrays import AnyArray
from embedding_features.config import parse_config
from embedding_features.encoders.features.encoding import FeatureEncoding
from embedding_features.encoders.features.settings import Features
from embedding_features.errors import GraphError, SnapshotError
from embedding_features.graph.csr import CSR
from embedding_features.graph.propagation import product
from embedding_features.graph.view import GraphView


class NodeInputs(nn.Module):
    """Holds the features of all nodes as one sparse matrix X [nodes, columns], and the rules that made it.

    Each node type has columns of its own; a type of which nothing is known has none, and rows without
    entries. Rules and matrix are buffers, so that a loaded network encodes new nodes as it was trained to.

    Args:
        settings: of the features.
        view: whose nodes; the rules are fitted on them.
    """

    indptr: Tensor
    indices: Tensor
    weight: Tensor
    rules: Tensor

    def __init__(self, settings: Features, view: GraphView) -> None:
        super().__init__()
        found = {t: view.features(t) for t in view.nodes}
        fitted = {t: FeatureEncoding.fit(f, settings) for t, f in found.items() if f is not None}
        self.encodings = {t: encoding for t, encoding in fitted.items() if encoding.rules}
        written = json.dumps({t: encoding.model_dump() for t, encoding in self.encodings.items()})
        self.register_buffer("rules", torch.tensor(list(written.encode()), dtype=torch.uint8))
        self.set(view)

    @property
    def width(self) -> int:
        """The number of columns of all node types."""
        return sum(encoding.width for encoding in self.encodings.values())

    def set(self, view: GraphView) -> None:
        """Take the features of another view's nodes, by the same rules.

        Raises:
            GraphError: when it knows nothing of a node type whose features the network was trained with.
        """
        parts, first = [], 0
        for node_type, count in view.counts.items():
            encoding = self.encodings.get(node_type)
            if encoding is None:
                parts.append(CSR(np.zeros(count + 1, np.int64), np.empty(0, np.int32), 0))
                continue
            features = view.features(node_type)
            if features is None:
                raise GraphError(
                    f"no features of {node_type!r}, which the network was trained with",
                    fix="give the graph the feature table that it was trained with",
                )
            matrix = encoding.encode(features)
            parts.append(CSR(matrix.indptr, matrix.indices + np.int32(first), 0, matrix.weight))
            first += encoding.width
        self._hold(_stacked(parts, self.width))

    def over(self, view: GraphView) -> "NodeInputs":
        """Return the inputs of another view's nodes, by the same rules."""
        other = NodeInputs.__new__(NodeInputs)
        nn.Module.__init__(other)
        other.encodings = self.encodings
        other.register_buffer("rules", self.rules)
        other.set(view)
        return other

    def times(self, matrix: Tensor, dropout: float = 0.0) -> Tensor:
        """Return X @ ``matrix`` [columns, d], differentiable in it.

        Args:
            matrix: what is multiplied by.
            dropout: share of the entries of X that are left out, the others scaled up.
        """
        values = self.weight
        if dropout:
            kept = torch.rand_like(values) >= dropout
            values = values * kept / (1 - dropout)
        if matrix.device.type != "cpu":
            size = (len(self.indptr) - 1, self.width)
            sparse = torch.sparse_csr_tensor(
                self.indptr, self.indices.long(), values, size, check_invariants=False
            )
            return sparse @ matrix
        own, back = self._matrix, self._transposed
        if dropout:
            entries = values.numpy()
            own = CSR(own.indptr, own.indices, own.columns, entries)
            back = CSR(back.indptr, back.indices, back.columns, entries[self._order])
        return product(own, back, matrix)

    def traced_times(self, matrix: Tensor) -> Tensor:
        """Return the same in operations of torch alone, for ``torch.export``."""
        rows = torch.from_numpy(self._matrix.sources().astype(np.int64))
        out = matrix.new_zeros(self._matrix.rows, matrix.shape[1])
        return out.index_add(0, rows, matrix[self.indices.long()] * self.weight[:, None])

    def _hold(self, matrix: CSR) -> None:
        device = self.rules.device
        for name, array in (
            ("indptr", matrix.indptr),
            ("indices", matrix.indices),
            ("weight", matrix.weights()),
        ):
            # none rather than empty ones, which exported programs cannot tell from each other
            self.register_buffer(name, torch.from_numpy(array).to(device) if self.encodings else None)
        self._matrix = matrix
        self._order = np.argsort(matrix.indices, kind="stable")
        counts = np.bincount(matrix.indices, minlength=matrix.columns)
        indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        sources, weight = matrix.sources()[self._order], matrix.weights()[self._order]
        self._transposed = CSR(indptr, sources, matrix.rows, weight)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        names = [prefix + name for name in ("rules", "indptr", "indices", "weight")]
        if all(name in state_dict for name in names):
            rules, indptr, indices, weight = (state_dict[name].cpu().numpy() for name in names)
            written = json.loads(rules.tobytes())
            self.encodings = {t: parse_config(one, FeatureEncoding, prefix) for t, one in written.items()}
            self.register_buffer("rules", state_dict[names[0]].clone())
            _check_sound(indptr, indices, weight, (self._matrix.rows, self.width))
            self._hold(CSR(indptr.copy(), indices.copy(), self.width, weight.copy()))
        super()._load_from_state_dict(state_dict, prefix, *args)


def _stacked(parts: list[CSR], columns: int) -> CSR:
    """Return matrices one below the other."""
    degrees = np.concatenate([part.degrees for part in parts])
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(degrees)])
    indices = np.concatenate([part.indices for part in parts])
    return CSR(indptr, indices, columns, np.concatenate([part.weights() for part in parts]))


def _check_sound(indptr: AnyArray, indices: AnyArray, weight: AnyArray, shape: tuple[int, int]) -> None:
    """Check arrays that compiled kernels are going to trust."""
    sound = (
        [str(a.dtype) for a in (indptr, indices, weight)] == ["int64", "int32", "float32"]
        and len(indptr) == shape[0] + 1
        and len(weight) == len(indices) == indptr[-1]
        and indptr[0] == 0
        and (np.diff(indptr) >= 0).all()
        and (len(indices) == 0 or (indices.min() >= 0 and indices.max() < shape[1]))
    )
    if not sound:
        raise SnapshotError(
            f"indptr, indices and weight are no features of {shape[0]} nodes by these rules",
            fix="publish it again",
        )
