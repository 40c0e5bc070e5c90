"""The graph as users meet it: ``Graph.build``, ``Graph.load`` and ``graph.save`` beside its data.

Those functions import the class that they make, so they are attached here, above both, and not in its file.
"""

from embedding_features.graph.build import build_graph
from embedding_features.graph.graph import Graph
from embedding_features.graph.storage import load_graph, save_graph

__all__ = ["Graph"]

Graph.build = staticmethod(build_graph)
Graph.load = staticmethod(load_graph)
Graph.save = save_graph
