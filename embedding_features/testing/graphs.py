"""Small graphs that the conformance tests of methods and encoders learn from."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embedding_features.arrays import I64
from embedding_features.graph import Graph, GraphSchema, Relation, Vocabulary
from embedding_features.graph.view import GraphView, View

#: moment of the graphs
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
#: time of the first of their edges, which are a second apart
FIRST_EDGE = datetime(2025, 12, 1, tzinfo=UTC)
USERS, ITEMS, EDGES = 60, 50, 900


@cache
def clicks(as_id: Callable[[int], object] = int, timed: bool = True) -> Graph:
    """Make a graph of the relation ``saw``: 60 users, 50 items, 900 edges, some nodes without any edge.

    Args:
        as_id: from a number to an id: ``str`` makes a graph of string ids.
        timed: whether the edges have times.
    """
    rng = np.random.default_rng(0)
    src, dst = rng.integers(5, 55, EDGES), rng.integers(0, 45, EDGES)
    vocabularies = {
        "user": Vocabulary.from_ids(pa.array([as_id(i) for i in range(USERS)])),
        "item": Vocabulary.from_ids(pa.array([as_id(1000 + i) for i in range(ITEMS)])),
    }
    time = seconds_apart(EDGES) if timed else None
    relation = Relation.from_edges("saw", "user", "item", src, dst, (USERS, ITEMS), time=time)
    return described(Graph(AS_OF, vocabularies, {"saw": relation}, fingerprint="f" * 64))


def groups() -> Graph:
    """Make a graph of as many nodes and edges in which a user saw items of her own of four groups alone."""
    rng = np.random.default_rng(0)
    src, block = rng.integers(5, 55, EDGES), rng.integers(0, 11, EDGES)
    relation = Relation.from_edges(
        "saw", "user", "item", src, 4 * block + src % 4, (USERS, ITEMS), time=seconds_apart(EDGES)
    )
    return replace(clicks(), relations={"saw": relation})


def described(graph: Graph) -> Graph:
    """Return the graph with three columns of features of all nodes, functions of their ids."""
    features = {}
    for node_type, vocabulary in graph.vocabularies.items():
        numbers = np.array([int(one) for one in vocabulary.ids.to_pylist()], np.float64)
        columns = {name: np.sin((k + 1) * numbers) for k, name in enumerate(("x", "y", "z"))}
        features[node_type] = pa.table(columns)
    return replace(graph, features=features)


def seconds_apart(edges: int) -> I64:
    """Return the times of edges from :data:`FIRST_EDGE` on, a second apart, in µs since 1970 UTC."""
    return int(FIRST_EDGE.timestamp()) * 1_000_000 + np.arange(edges, dtype=np.int64) * 1_000_000


def weighted(cycle: Sequence[float]) -> Graph:
    """Make the graph of :func:`clicks` with each pair once, weights taken from ``cycle`` over and over."""
    pairs = clicks().relation().forward.merged("last")
    relation = Relation.from_edges(
        "saw",
        "user",
        "item",
        pairs.sources(),
        pairs.indices,
        (USERS, ITEMS),
        weight=np.resize(np.asarray(cycle, np.float32), pairs.edges),
        time=pairs.time,
    )
    return replace(clicks(), relations={"saw": relation})


def judged() -> Graph:
    """Make the graph of :func:`clicks` with labels beside, the relation ``judged``.

    Each pair stands there once, and two of five are likes.
    """
    edges = weighted((1.0, 0.0, 0.0, 1.0, 0.0)).relation().forward
    labels = Relation.from_edges(
        "judged",
        "user",
        "item",
        edges.sources(),
        edges.indices,
        (USERS, ITEMS),
        weight=edges.weights(),
        time=edges.time,
    )
    return replace(clicks(), relations={**clicks().relations, "judged": labels})


def taken_back(first: float) -> Graph:
    """Make a graph of 12 pairs of weight 1, except the first pair, whose two edges weigh ``first`` and -1."""
    users, items = np.repeat(np.arange(6), 2), np.tile(np.arange(2), 6)
    src, dst = np.append(users, users[:1]), np.append(items, items[:1])
    weight, time = np.array([first, *[1.0] * 11, -1.0], np.float32), seconds_apart(13)
    relation = Relation.from_edges("saw", "user", "item", src, dst, (USERS, ITEMS), weight=weight, time=time)
    return replace(clicks(), relations={"saw": relation})


def clicks_view(mirrored: bool = False) -> GraphView:
    """Return the view of all nodes of :func:`clicks`.

    Args:
        mirrored: whether the first nodes have the edges of the last and so on: the same nodes, other edges.
    """
    view = View(nodes="all")
    if not mirrored:
        return view.build(clicks())
    forward = clicks().relation().forward
    src, dst = USERS - 1 - forward.sources(), ITEMS - 1 - forward.indices
    relation = Relation.from_edges("saw", "user", "item", src, dst, (USERS, ITEMS))
    return view.build(replace(clicks(), relations={"saw": relation}))


def grown_clicks() -> Graph:
    """Make a later graph of the relation ``saw``, with new ids before and after those of :func:`clicks`."""
    rng = np.random.default_rng(1)
    users, items = rng.integers(-4, 70, EDGES), 1000 + rng.integers(-3, 60, EDGES)
    edges = {("user", "saw", "item"): (users, items, seconds_apart(EDGES))}
    return described(Graph.from_arrays(AS_OF, edges))


def build_from_log(folder: Path, with_future: bool) -> Graph:
    """Build a graph as of ``AS_OF`` from a Parquet log that may go on after that moment.

    Args:
        folder: where the log is written.
        with_future: whether the log also has rows later than ``AS_OF``, of the same nodes and of new ones.
    """
    rng = np.random.default_rng(2)
    seconds = np.arange(-EDGES, 0)
    user, item = rng.integers(0, USERS, EDGES), rng.integers(0, ITEMS, EDGES)
    if with_future:
        seconds = np.concatenate([seconds, np.arange(1, 201)])
        user = np.concatenate([user, rng.integers(-10, USERS + 10, 200)])
        item = np.concatenate([item, rng.integers(-10, ITEMS + 10, 200)])
    at = pa.array(int(AS_OF.timestamp()) + seconds, pa.timestamp("s", "UTC"))
    pq.write_table(pa.table({"user": user, "item": item, "at": at}), folder / "saw.parquet")
    schema = GraphSchema.model_validate(
        {
            "nodes": {"user": {"id": "int64"}, "item": {"id": "int64"}},
            "relations": {
                "saw": {
                    "parquet": str(folder / "saw.parquet"),
                    "src": {"type": "user", "column": "user"},
                    "dst": {"type": "item", "column": "item"},
                    "timestamp": "at",
                }
            },
        }
    )
    return described(Graph.build(schema, AS_OF))
