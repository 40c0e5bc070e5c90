"""Early stopping: retrieval of pairs that were held out of the graph."""

from dataclasses import dataclass

import numpy as np
import torch

from embedding_features.artifact.embeddings import Metric
from embedding_features.encoders.base import BipartiteEncoder
from embedding_features.errors import GraphError
from embedding_features.evaluate.holdout import split_holdout
from embedding_features.evaluate.retrieval import evaluate_vectors
from embedding_features.graph.csr import CSR
from embedding_features.graph.graph import Graph
from embedding_features.graph.views import Bipartite, BipartiteView
from embedding_features.training.rows import ActiveRows
from embedding_features.training.settings import Training

#: below so many held-out pairs the metric is noise, and training goes on for all epochs
_MIN_PAIRS = 100
#: sources the metric is measured on: enough for ± .003, and its cost stays below that of an epoch
_MAX_SOURCES = 10_000


@dataclass(frozen=True)
class Validation:
    """A validation split and the metric that training stops on.

    Attributes:
        view: what is left to learn from.
        wanted: [sources, destinations] the held-out pairs, rows as in ``view``.
        early_stop: name and cut-off of the metric, e.g. ``"recall@20"``.
    """

    view: BipartiteView
    wanted: CSR
    early_stop: str

    def measure(self, encoder: BipartiteEncoder, metric: Metric) -> float:
        """Return the early-stopping metric of the encoder's vectors, compared by ``metric``."""
        with torch.no_grad():
            src, dst = (side.cpu().numpy() for side in encoder.sides())
        name, k = self.early_stop.split("@")
        result = evaluate_vectors(src, dst, self.wanted, self.view.forward, k=int(k), metric=metric)
        return result.recall if name == "recall" else result.ndcg


def hold_out(
    graph: Graph, view: Bipartite, active: ActiveRows, settings: Training, seed: int
) -> Validation | None:
    """Make the validation split of a run.

    Args:
        graph: what to hold out of.
        view: which relation.
        active: the rows that the network has parameters for.
        settings: share to hold out, and the metric.
        seed: of the split.

    Returns:
        The split; None without early stopping, or where it would be too small to tell anything.
    """
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
    src = np.searchsorted(active.src, split.src[kept])
    dst = np.searchsorted(active.dst, split.dst[kept])
    wanted = CSR.from_edges(src, dst, (len(active.src), len(active.dst)))
    return Validation(active.compact(view.build(split.graph)), wanted, settings.early_stop)
