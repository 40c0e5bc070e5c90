"""Batches of examples whose targets are of one node type, so that they may share negatives."""

from collections.abc import Iterator

import numpy as np

from embedding_features.arrays import I64
from embedding_features.graph.view import GraphView


def target_types(view: GraphView) -> I64:
    """Return the node type, by its place in the view, of the targets of each relation and its reciprocal."""
    place = {node_type: number for number, node_type in enumerate(view.nodes)}
    relations = view.relations.values()
    return np.array([place[r.dst] for r in relations] + [place[r.src] for r in relations])


def batches_by_type(
    types: I64, count: int, batch_size: int, rng: np.random.Generator
) -> Iterator[tuple[int, I64]]:
    """Yield batches of one type each, in random order: the type, and positions of its examples.

    Args:
        types: [n] type of each example's target.
        count: number of types.
        batch_size: at most so many examples in a batch.
        rng: of the order.
    """
    batches = list[tuple[int, I64]]()
    for number in range(count):
        order = rng.permutation(np.flatnonzero(types == number))
        batches += [(number, order[at : at + batch_size]) for at in range(0, len(order), batch_size)]
    if count > 1:
        batches = [batches[at] for at in rng.permutation(len(batches))]
    yield from batches
