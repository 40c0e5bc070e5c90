"""Another graph for an encoder inside a ranker: fresh edges, and nodes that it did not know."""

from typing import Any, cast

import numpy as np
import torch
from torch import nn

from embedding_features.arrays import I32, I64
from embedding_features.graph import Graph
from embedding_features.graph.csr import CSR
from embedding_features.graph.views import Bipartite, BipartiteView
from ranking.encoders.values import keys_of
from ranking.modes.node_index import NodeIndex
from ranking.modes.sub_encoder import SubEncoder


def observe(sub: SubEncoder, graph: Graph, view: Bipartite) -> None:
    """Make an encoder that propagates see another graph; nothing changes for one that looks vectors up.

    A node of the graph that the encoder lacks is appended with a layer-0 vector of zeros, so that its vector
    is what its neighbours' say.

    Args:
        sub: holds the encoder and the ids of its nodes; both are changed.
        graph: the other graph.
        view: how the encoder's method looks at a graph.
    """
    if not has_graph(sub.encoder):
        return
    seen = view.build(graph)
    rows: list[I32] = []
    sides = ((seen.src_type, seen.forward), (seen.dst_type, seen.reverse))
    for number, (node_type, csr) in enumerate(sides):
        keys = keys_of(graph.vocabularies[node_type].ids, node_type)
        index = cast(NodeIndex, sub.index[number])
        row = index(torch.from_numpy(keys)).numpy() - 1
        new = np.flatnonzero((row < 0) & (csr.degrees > 0))
        known = index.in_order()
        row[new] = len(known) + np.arange(len(new))
        rows.append(row.astype(np.int32))
        sub.index[number] = NodeIndex(np.concatenate([known, keys[new]]))
        _append(sub.encoder, ("src", "dst")[number], len(new))
    shape = (len(_parameter(sub.encoder, "src")), len(_parameter(sub.encoder, "dst")))
    src, dst = rows[0][seen.forward.sources()], rows[1][seen.forward.indices]
    forward = CSR.from_edges(src, dst, shape, seen.forward.weights())
    cast(Any, sub.encoder).observe(
        BipartiteView(seen.relation, seen.src_type, seen.dst_type, forward, forward.transposed())
    )
    sub.forget()


def has_graph(encoder: nn.Module) -> bool:
    """Return whether an encoder's vectors depend on edges."""
    return "indptr" in dict(encoder.named_buffers())


def edges_of(encoder: nn.Module) -> tuple[I64, I64]:
    """Return [e] source and [e] destination row of each edge that an encoder with a graph sees."""
    indptr, indices = (encoder.get_buffer(name).numpy() for name in ("indptr", "indices"))
    return np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)), indices.astype(np.int64)


def _parameter(encoder: nn.Module, name: str) -> nn.Parameter:
    return encoder.get_parameter(name)


def _append(encoder: nn.Module, name: str, count: int) -> None:
    before = _parameter(encoder, name)
    grown = torch.cat([before.detach(), before.new_zeros(count, before.shape[1])])
    encoder.register_parameter(name, nn.Parameter(grown, requires_grad=before.requires_grad))
