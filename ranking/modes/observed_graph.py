"""Another graph for an encoder inside a ranker: fresh edges, and nodes that it did not know."""

from typing import cast

import numpy as np
import torch

from embedding_features.arrays import I64
from embedding_features.graph import Graph
from embedding_features.graph.view import View
from ranking.encoders.values import keys_of
from ranking.modes.node_index import NodeIndex
from ranking.modes.sub_encoder import SubEncoder


def observe(sub: SubEncoder, graph: Graph, view: View) -> None:
    """Make an encoder that propagates see another graph; nothing changes for one that looks vectors up.

    A node of the graph that the encoder lacks is appended with a layer-0 vector of zeros, so that its vector
    is what its neighbours' say.

    Args:
        sub: holds the encoder and the ids of its nodes; both are changed.
        graph: the other graph.
        view: how the encoder's method looks at a graph.
    """
    encoder = sub.encoder
    if not encoder.edges():
        return
    seen = view.build(graph)
    rows: dict[str, I64] = {}
    new: dict[str, int] = {}
    for number, node_type in enumerate(encoder.counts):
        keys = keys_of(graph.vocabularies[node_type].ids, node_type)[seen.nodes[node_type].rows]
        index = cast(NodeIndex, sub.index[number])
        row = index(torch.from_numpy(keys)).numpy() - 1
        unknown = np.flatnonzero(row < 0)
        known = index.in_order()
        row[unknown] = len(known) + np.arange(len(unknown))
        rows[node_type], new[node_type] = row, len(unknown)
        sub.index[number] = NodeIndex(np.concatenate([known, keys[unknown]]))
    encoder.grow(new)
    encoder.observe(seen.renumbered(rows, encoder.counts))
    sub.forget()
