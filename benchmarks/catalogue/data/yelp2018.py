"""Reviews of businesses by users, split as LightGCN's authors did."""

from benchmarks.catalogue.data.base import Data, Pairs
from benchmarks.retrieval import test_pairs, train_graph


def yelp2018() -> Data[Pairs]:
    """Return the training pairs as a graph, and the test pairs."""
    graph = train_graph("yelp2018")
    return Data(graph, Pairs(graph.relation().name, *test_pairs("yelp2018", graph)))
