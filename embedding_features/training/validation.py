"""What training stops on: retrieval of pairs held out of the graph."""

from dataclasses import dataclass

import numpy as np
import torch

from embedding_features.arrays import I64
from embedding_features.encoders.base import BipartiteEncoder
from embedding_features.errors import GraphError
from embedding_features.evaluate.holdout import split_holdout
from embedding_features.graph.hetero_graph import Graph
from embedding_features.graph.views import Bipartite, BipartiteView
from embedding_features.training.rows import ActiveRows
from embedding_features.training.settings import Training

#: below so many held-out pairs the metric is noise, and training goes on for all epochs
_MIN_PAIRS = 100
#: sources the metric is measured on: enough for ± .003, and its cost stays below that of an epoch
_MAX_SOURCES = 10_000


@dataclass(frozen=True)
class Validation:
    """A split and its metric.

    Attributes:
        view: what is left to learn from.
        src: [pairs] int64 rows of ``view``.
        dst: [pairs] int64 rows of ``view``.
        early_stop: name of the metric, e.g. ``"recall@20"``.
    """

    view: BipartiteView
    src: I64
    dst: I64
    early_stop: str

    def metric(self, encoder: BipartiteEncoder, metric: str) -> float:
        with torch.no_grad():
            src, dst = (side.cpu().numpy() for side in encoder.sides())
        k = 20
        users = np.unique(self.src)
        tot = 0.0
        for s in range(0, len(users), 2048):
            us = users[s : s + 2048]
            sc = src[us] @ dst.T
            for r, u in enumerate(us):
                sc[
                    r,
                    self.view.forward.indices[self.view.forward.indptr[u] : self.view.forward.indptr[u + 1]],
                ] = -1e9
            top = np.argpartition(-sc, min(k, sc.shape[1] - 1), axis=1)[:, :k]
            for r, u in enumerate(us):
                t = self.dst[np.searchsorted(self.src, u) : np.searchsorted(self.src, u, side="right")]
                tot += len(np.intersect1d(t, top[r])) / len(t)
        return tot / len(users)


def hold_out(
    graph: Graph, view: Bipartite, active: ActiveRows, settings: Training, seed: int
) -> Validation | None:
    """The validation split of a run; None without early stopping, or where it would be too small to tell."""
    if settings.early_stop is None:
        return None
    try:
        split = split_holdout(graph, view.relation, settings.validation, seed, by="random")
    except GraphError:  # every source has one pair only
        return None
    if len(split.src) < _MIN_PAIRS:
        return None
    sources = np.unique(split.src)
    if len(sources) > _MAX_SOURCES:
        sources = np.random.default_rng(seed).choice(sources, _MAX_SOURCES, replace=False)
    kept = np.isin(split.src, sources)
    return Validation(
        active.compact(view.build(split.graph)),
        np.searchsorted(active.src, split.src[kept]),
        np.searchsorted(active.dst, split.dst[kept]),
        settings.early_stop,
    )
