"""A small graph of several relations: users view and buy items, and follow each other."""

from collections.abc import Mapping
from functools import cache

import numpy as np
import pyarrow as pa

from embedding_features.arrays import I64
from embedding_features.graph import Graph, Relation, Vocabulary
from embedding_features.testing.graphs import AS_OF, described, seconds_apart

#: relation → node types of its ends
ENDS = {"viewed": ("user", "item"), "bought": ("user", "item"), "follows": ("user", "user")}
_SIZES = {"user": 40, "item": 30}
#: nodes with edges: some at either end of the vocabularies have none
_ACTIVE = {"user": (3, 38), "item": (0, 27)}


@cache
def shop() -> Graph:
    """Make a graph of 400 views, 200 purchases and 150 follows, some nodes without any edge."""
    rng = np.random.default_rng(3)
    edges = {name: _drawn(rng, name, count) for name, count in zip(ENDS, (400, 200, 150), strict=True)}
    return shop_of(edges)


def shop_of(edges: Mapping[str, tuple[I64, I64]]) -> Graph:
    """Make a graph of the shop's nodes with other edges.

    Args:
        edges: relation → rows of its sources and of its targets.
    """
    vocabularies = {
        "user": Vocabulary.from_ids(pa.array(range(_SIZES["user"]))),
        "item": Vocabulary.from_ids(pa.array(range(1000, 1000 + _SIZES["item"]))),
    }
    relations = {
        name: Relation.from_edges(name, *ENDS[name], src, dst, _shape(name), time=seconds_apart(len(src)))
        for name, (src, dst) in edges.items()
    }
    return described(Graph(AS_OF, vocabularies, relations, fingerprint="f" * 64))


def shop_edges(graph: Graph) -> dict[str, tuple[I64, I64]]:
    """Return the edges of a shop as :func:`shop_of` takes them."""
    return {
        name: (r.forward.sources().astype(np.int64), r.forward.indices.astype(np.int64))
        for name, r in graph.relations.items()
    }


def grown_shop() -> Graph:
    """Make a later graph of the shop's relations and of one more, ``returned``, with new ids on all sides."""
    rng = np.random.default_rng(4)
    edges = {}
    for name, (src, dst) in {**ENDS, "returned": ("user", "item")}.items():
        first = {"user": -3, "item": 998}
        one, other = (rng.integers(first[end], first[end] + _SIZES[end] + 6, 300) for end in (src, dst))
        edges[src, name, dst] = (one, other, seconds_apart(300))
    return described(Graph.from_arrays(AS_OF, edges))


def _drawn(rng: np.random.Generator, name: str, count: int) -> tuple[I64, I64]:
    src, dst = (rng.integers(*_ACTIVE[end], count) for end in ENDS[name])
    return src, dst


def _shape(name: str) -> tuple[int, int]:
    src, dst = ENDS[name]
    return _SIZES[src], _SIZES[dst]
