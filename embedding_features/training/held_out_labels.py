"""How well labels can be read from the vectors: of nodes that a relation of the graph joins with labels."""

from dataclasses import dataclass

import numpy as np
import torch

from embedding_features.encoders.base import Network
from embedding_features.errors import ConfigError
from embedding_features.evaluate.label_probe import label_probe
from embedding_features.graph.csr import CSR
from embedding_features.graph.graph import Graph
from embedding_features.graph.view import GraphView
from embedding_features.scorers.base import Compare
from embedding_features.training.held_out import MIN_EDGES, HeldOut
from embedding_features.training.settings import Training

#: share of the labelled nodes that the probe learns from
_TRAIN_SHARE = 0.5


@dataclass(frozen=True)
class HeldOutLabels(HeldOut):
    """Measures ``micro_f1:RELATION``, the micro-F1 of labels on half of the labelled nodes.

    Attributes:
        labels: [nodes of the type, labels], rows as in the type's span.
        span: rows of the labelled nodes' type.
        seed: of the split.
    """

    labels: CSR
    span: slice
    seed: int

    def measure(self, network: Network, compare: Compare) -> float:  # noqa: ARG002
        """Return the figure."""
        with torch.no_grad():
            vectors = network.vectors()[self.span].cpu().numpy()
        probe = label_probe(vectors, self.labels, train_share=_TRAIN_SHARE, splits=1, seed=self.seed)
        return probe.mean.micro_f1


def hold_out_labels(graph: Graph, view: GraphView, training: Training, seed: int) -> HeldOut | None:
    """Return the probe of a relation's labels, which the view must not learn from.

    Args:
        graph: has the relation, from nodes of a type of the view to their labels.
        view: what is learned from; all of it.
        training: names the relation.
        seed: of the split of the labelled nodes.

    Returns:
        The probe; None where there are too few labels to tell anything.

    Raises:
        ConfigError: when the view learns from the labels, or has no nodes that they are of.
        GraphError: when there is no such relation.
    """
    name = str(training.early_stop).split(":", 1)[1]
    labels = graph.relation(name)
    if name in view.relations or labels.src not in view.nodes:
        raise ConfigError(
            f"early_stop: micro_f1:{name} judges by labels of {labels.src!r} that the vectors must not know",
            fix="name the relations to learn from, without that of the labels, and with those nodes",
        )
    rows = view.nodes[labels.src].rows
    place = np.full(labels.forward.rows, -1)
    place[rows] = np.arange(len(rows))
    src, dst = place[labels.forward.sources()], labels.forward.indices.astype(np.int64)
    of = src >= 0
    if of.sum() < MIN_EDGES:
        return None
    known = CSR.from_edges(src[of], dst[of], (len(rows), labels.forward.columns))
    return HeldOutLabels(view, str(training.early_stop), known, view.span(labels.src), seed)
