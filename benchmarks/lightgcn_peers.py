"""Puts torch_geometric's LightGCN, as its example trains it, behind a function."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from benchmarks.harness import timed
from embedding_features.graph.view import GraphView

#: torch and what else it imports are ours; it is installed without what it declares
PACKAGES = ("aiohttp==3.14.5", "torch-geometric==2.8.1", "xxhash==4.1.0")
MODULES = ("aiohttp", "torch_geometric", "xxhash")

Form = Literal["edge_index", "csr"]


class GeometricSteps:
    """Takes steps of BPR with ``torch_geometric.nn.LightGCN``, a uniform negative to each pair.

    Edges are weighted by the symmetric norm once, before, not in each product as its layers would.

    Args:
        view: of one relation between two node types.
        form: how the graph is handed over: its edges, or a sparse CSR tensor.
        layers: of propagation.
        dim: of the vectors.
        batch_size: pairs of a step.
    """

    def __init__(self, view: GraphView, form: Form, *, layers: int, dim: int, batch_size: int) -> None:
        from torch_geometric.nn import LightGCN

        self._view, self._batch_size = view, batch_size
        self._model = LightGCN(view.size, dim, layers, normalize=False)
        self._optimizer = torch.optim.Adam(self._model.parameters(), lr=1e-3, fused=True)
        self._graph, self._weight = _graph(view, form)

    def seconds(self, steps: int, seed: int) -> float:
        """Take ``steps`` steps and return their mean seconds."""
        rng = np.random.default_rng(seed)
        with timed() as clock:
            for _ in range(steps):
                self._step(rng)
        return clock.seconds / steps

    def _step(self, rng: np.random.Generator) -> None:
        relation = self._view.matrix()
        first = self._view.span(relation.dst).start
        edges = rng.integers(0, relation.forward.edges, self._batch_size)
        src = relation.forward.sources()[edges].astype(np.int64) + self._view.span(relation.src).start
        dst = relation.forward.indices[edges].astype(np.int64) + first
        negatives = rng.integers(first, first + relation.forward.columns, self._batch_size)
        asked = torch.from_numpy(np.stack([np.concatenate([src, src]), np.concatenate([dst, negatives])]))
        self._optimizer.zero_grad()
        positive, negative = self._model(self._graph, asked, self._weight).chunk(2)
        loss = self._model.recommendation_loss(positive, negative, node_id=asked.unique())
        loss.backward()
        self._optimizer.step()


def _graph(view: GraphView, form: Form) -> tuple[Tensor, Tensor | None]:
    """Return the graph as the layers take it, and its weights, None where the graph holds them."""
    adjacency = view.adjacency(norm="symmetric")
    weights = torch.from_numpy(adjacency.weights().astype(np.float32))
    columns = torch.from_numpy(adjacency.indices.astype(np.int64))
    if form == "csr":
        begins = torch.from_numpy(adjacency.indptr.astype(np.int64))
        return torch.sparse_csr_tensor(begins, columns, weights, (view.size, view.size)), None
    return torch.stack([columns, torch.from_numpy(adjacency.sources().astype(np.int64))]), weights
