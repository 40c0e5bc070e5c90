"""Check-ins of users at places, split as LightGCN's authors did."""

from benchmarks.catalogue.data.base import Data, Pairs
from benchmarks.retrieval import test_pairs, train_graph


def gowalla() -> Data[Pairs]:
    """Return the training pairs as a graph, and the test pairs."""
    graph = train_graph("gowalla")
    return Data(graph, Pairs(graph.relation().name, *test_pairs("gowalla", graph)))
