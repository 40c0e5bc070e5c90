"""Validation splits: part of one relation leaves the graph, to choose settings by and to stop training on."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np

from embedding_features.arrays import I64, Bool
from embedding_features.errors import ConfigError, GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.graph import Graph
from embedding_features.graph.relation import Relation

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Holdout:
    """A split: the graph that is left to learn from, and the pairs to predict.

    A pair whose weights add up to 0 or less is not to be predicted: it is nothing that a source would want.

    Attributes:
        graph: the graph without the held-out edges; vocabularies unchanged.
        src: [pairs] int64 source rows; with ``dst`` distinct, ascending, and absent from ``graph``.
        dst: [pairs] int64 destination rows.
    """

    graph: Graph
    src: I64
    dst: I64


def split_holdout(
    graph: Graph,
    relation: str | None,
    fraction: float,
    seed: int,
    by: Literal["time", "random"] | None = None,
) -> Holdout:
    """Hold out about ``fraction`` of a relation.

    Args:
        graph: what to split; it is left as it is.
        relation: name of the relation; None for the graph's only one.
        fraction: in (0, 1).
        seed: of the random split; the split by time has no chance in it.
        by: ``"time"`` takes what came last, and cuts every timed relation at that moment, so that the
            graph knows nothing of the time it is judged on. ``"random"`` takes the share of each source's
            pairs, rounded up or down by chance so that the expected share holds for short histories too;
            every source keeps a pair, all edges of a held-out pair go, and within one node type the
            mirrored edges as well. Pairs of weight 0 or less stay, to learn from. None: by time where the
            relation has times.

    Raises:
        ConfigError: when ``fraction`` is not in (0, 1).
        GraphError: when there is no such relation, no time to split by, or nothing new to hold out.

    Example:
        >>> from datetime import UTC, datetime
        >>> edges = {("user", "bought", "item"): (np.array([7, 7, 8, 9]), np.array([1, 2, 2, 3]))}  # ids
        >>> graph = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges)
        >>> holdout = split_holdout(graph, "bought", fraction=0.5, seed=0)
        >>> len(holdout.src), holdout.graph.relation("bought").forward.edges
        (1, 3)
    """
    if not 0 < fraction < 1:
        raise ConfigError(f"holdout fraction {fraction} is not between 0 and 1", fix="use for example 0.1")
    target = graph.relation(relation)
    if target.forward.edges == 0:
        raise GraphError(
            f"relation {target.name!r} has no edges as of {graph.as_of.isoformat()}",
            fix="name a later moment",
        )
    if by is None:
        by = "random" if target.forward.time is None else "time"
    split = _by_time(graph, target, fraction) if by == "time" else _by_chance(graph, target, fraction, seed)
    if len(split.src) == 0:
        raise GraphError(
            f"holding out {fraction:g} of relation {target.name!r} ({target.forward.edges} edges) by {by}"
            " leaves no new pair to predict",
            fix="use a larger fraction, or split by " + ("random" if by == "time" else "time"),
        )
    name = f"{graph.fingerprint}|holdout|{target.name}|{fraction!r}|{seed if by == 'random' else by}"
    fingerprint = hashlib.sha256(name.encode()).hexdigest()
    return replace(split, graph=replace(split.graph, fingerprint=fingerprint))


def _by_time(graph: Graph, target: Relation, fraction: float) -> Holdout:
    """Hold out the last edges, and cut every timed relation at that moment."""
    time = target.forward.time
    if time is None:
        raise GraphError(f"relation {target.name!r} has no times to split by", fix="split by random")
    kept = min(len(time) - 1, int((1 - fraction) * len(time)))
    cut = int(np.partition(time, kept - 1)[kept - 1]) if kept > 0 else int(time.min()) - 1
    keys = _keys(target.forward)
    late = np.setdiff1d(keys[time > cut], keys[time <= cut])
    late = late[np.isin(late, _wanted(target.forward))]
    relations = {
        name: r if r.forward.time is None else _keep(r, r.forward.time <= cut, _times(r.reverse) <= cut)
        for name, r in graph.relations.items()
    }
    as_of = min(graph.as_of, _EPOCH + timedelta(microseconds=cut))
    columns = target.forward.columns
    return Holdout(replace(graph, relations=relations, as_of=as_of), late // columns, late % columns)


def _by_chance(graph: Graph, target: Relation, fraction: float, seed: int) -> Holdout:
    """Hold out a share of each source's pairs at random."""
    rng = np.random.default_rng(seed)
    columns = target.forward.columns
    pairs = _wanted(target.forward)
    sources = pairs // columns
    starts = np.searchsorted(sources, np.arange(target.forward.rows + 1))
    count = np.diff(starts)
    held = np.floor(fraction * count + rng.random(len(count))).astype(np.int64)
    held = np.minimum(held, np.maximum(count - 1, 0))
    shuffled = pairs[np.lexsort((rng.random(len(pairs)), sources))]
    position = np.arange(len(pairs)) - starts[sources]
    out = np.sort(shuffled[position < held[sources]])
    removed = out
    if target.src == target.dst:
        removed = np.concatenate([out, out % columns * columns + out // columns])
    keep_forward = ~np.isin(_keys(target.forward), removed)
    reverse = target.reverse
    keep_reverse = ~np.isin(reverse.indices.astype(np.int64) * columns + reverse.sources(), removed)
    relations = {**graph.relations, target.name: _keep(target, keep_forward, keep_reverse)}
    return Holdout(replace(graph, relations=relations), out // columns, out % columns)


def _wanted(csr: CSR) -> I64:
    """Return the keys of pairs whose weights add up to more than 0, each once, ascending."""
    if csr.weight is None:
        return np.unique(_keys(csr))
    pairs = csr.merged("sum")
    return _keys(pairs)[pairs.weights() > 0]


def _keys(csr: CSR) -> I64:
    """Return [edges] row · columns + column: one number for each pair."""
    return csr.sources().astype(np.int64) * csr.columns + csr.indices


def _times(csr: CSR) -> I64:
    """Return [edges] times, 0 where there are none."""
    return np.zeros(csr.edges, np.int64) if csr.time is None else csr.time


def _keep(relation: Relation, forward: Bool, reverse: Bool) -> Relation:
    return replace(relation, forward=relation.forward.kept(forward), reverse=relation.reverse.kept(reverse))
