"""Vectors of some nodes of a graph that has grown since a network was trained."""

import torch

from embedding_features.arrays import F32, I64
from embedding_features.encoders.inductive import InductiveNetwork
from embedding_features.graph.neighbourhood import around, within
from embedding_features.graph.view import GraphView


class ServedNodes:
    """Makes the vectors of nodes from their features and edges, at the cost of their neighbourhoods.

    They are the vectors that a pass over the whole graph gives: of a network whose messages go k steps the
    nodes of k + 1 steps are read, the last for the degrees of those before.

    Args:
        network: as it was trained; it stays as it is.
        view: of a later graph, with the nodes to come. Its vocabularies begin with those of training where a
            node type has no features.
    """

    def __init__(self, network: InductiveNetwork, view: GraphView) -> None:
        self.network, self.view = network, view
        self._adjacency = view.adjacency(network.messages_along)

    def vectors(self, rows: I64) -> F32:
        """Return the [n, dim] published vectors of [n] rows of the view."""
        read = within(self._adjacency, rows, self.network.steps + 1)
        twin = self.network.over(around(self.view, read))
        places = torch.from_numpy(read.searchsorted(rows))
        with torch.no_grad():
            found: F32 = (twin.vectors()[places] @ twin.rotation).numpy()
        return found
