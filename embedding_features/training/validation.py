"""The validation split of a run, by the figure that training stops on."""

from embedding_features.graph.graph import Graph
from embedding_features.graph.view import GraphView, View
from embedding_features.training.held_out import HeldOut
from embedding_features.training.held_out_labels import hold_out_labels
from embedding_features.training.held_out_last import hold_out_last
from embedding_features.training.held_out_pairs import hold_out_pairs
from embedding_features.training.held_out_triples import hold_out_triples
from embedding_features.training.settings import Training


def hold_out(graph: Graph, settings: View, view: GraphView, training: Training, seed: int) -> HeldOut | None:
    """Make the validation split of a run.

    Args:
        graph: what to hold out of.
        settings: of the view.
        view: of the whole graph.
        training: share to hold out, and the figure.
        seed: of the split.

    Returns:
        The split; None without early stopping, or where it would be too small to tell anything.
    """
    if training.early_stop is None:
        return None
    if training.early_stop in ("mrr", "auc"):
        return hold_out_triples(view, training, seed)
    if training.early_stop.startswith("micro_f1:"):
        return hold_out_labels(graph, view, training, seed)
    if training.validation == "last":
        return hold_out_last(view, training, seed)
    return hold_out_pairs(graph, settings, view, training, seed)
