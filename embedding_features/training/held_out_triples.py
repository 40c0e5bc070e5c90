"""Filtered ranks, or the AUC, of edges that were held out of all relations."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from embedding_features.arrays import I64
from embedding_features.encoders.base import Network
from embedding_features.errors import ConfigError
from embedding_features.evaluate.filtered_rank import rank_triples
from embedding_features.graph.triples import TripleArrays
from embedding_features.graph.view import GraphView
from embedding_features.scorers.base import Compare
from embedding_features.scorers.relations import RelationCompare
from embedding_features.training.held_out import MIN_EDGES, HeldOut
from embedding_features.training.settings import Training

#: edges the figure is measured on: enough for ± .003, and its cost stays below that of an epoch
_MAX_EDGES = 5_000


@dataclass(frozen=True)
class HeldOutTriples(HeldOut):
    """Measures ``mrr`` or ``auc`` of held-out edges.

    Attributes:
        held: the triples, in rows of the view.
        known: all triples of the whole view.
        corrupted: [triples] a row of each target's own node type, drawn at random.
    """

    held: TripleArrays
    known: TripleArrays
    corrupted: I64

    def measure(self, network: Network, compare: Compare) -> float:
        """Return the figure.

        Raises:
            ConfigError: when ranks are asked for of a scorer without relations.
        """
        with torch.no_grad():
            vectors = network.vectors().cpu()
            if self.early_stop == "auc":
                return self._auc(vectors, compare)
        if not isinstance(compare, RelationCompare):
            raise ConfigError(
                "mrr ranks the targets of relations, and the scorer knows none", fix="set early_stop: auc"
            )
        return rank_triples(compare, vectors.numpy(), self.held, self.known, reciprocal=True).mrr

    def _auc(self, vectors: Tensor, compare: Compare) -> float:
        """Return the share of held-out edges that score above the same edge with a random target."""
        src, relation, dst = (torch.from_numpy(column) for column in self.held)
        queries = compare.query(vectors[src], relation)
        difference = compare.paired(queries, vectors[dst]) - compare.paired(
            queries, vectors[torch.from_numpy(self.corrupted)]
        )
        return float(((difference > 0).double() + 0.5 * (difference == 0).double()).mean())


def hold_out_triples(view: GraphView, training: Training, seed: int) -> HeldOut | None:
    """Hold out a share of all edges of the view, of whatever relation, at random.

    Args:
        view: of the whole graph.
        training: share to hold out, and the figure.
        seed: of the split.

    Returns:
        The split; None where it would be too small to tell anything.
    """
    rng = np.random.default_rng(seed)
    triples = view.triples()
    out = rng.random(len(triples.src)) < float(training.validation)
    if out.sum() < MIN_EDGES:
        return None
    held = rng.permutation(np.flatnonzero(out))[:_MAX_EDGES]
    judged = TripleArrays(*(column[held] for column in triples))
    spans = np.array([(view.span(r.dst).start, view.span(r.dst).stop) for r in view.relations.values()])
    corrupted = rng.integers(*spans[judged.relation].T)
    return HeldOutTriples(view.without(out), str(training.early_stop), judged, triples, corrupted)
