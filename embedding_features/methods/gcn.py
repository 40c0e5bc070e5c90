"""Graph convolutions over nodes with features."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.trained import Trained


@method(
    family="inductive",
    exports="vectors of all node types, encoder",
    weights="ignored",
    needs="any relations",
    inductive=True,
    tunable={"lr": Range(1e-3, 5e-2, log=True), "dropout": Range(0.0, 0.8)},
)
def gcn(
    dim: int = 64,
    layers: int = 2,
    dropout: float = 0.5,
    weight_decay: float = 5e-4,
    lr: float = 1e-2,
    batch_size: int = 4096,
    epochs: int = 200,
    labels: str | None = None,
    validation: str | None = None,
    attributes: tuple[str, ...] = (),
    relations: tuple[str, ...] | None = None,
) -> "Trained":
    """GCN (Kipf & Welling, ICLR 2017): convolutions of features over normalized edges.

    H^(l+1) = ReLU(Â H^(l) W^(l)).

    ``labels`` names a relation from nodes to labels: it learns them by the softmax of ⟨node, label⟩, and
    publishes vectors of both; without it, it learns to tell edges from others. ``attributes`` are relations
    to words or tags that are features, beside the columns of nodes' tables.
    """
    from embedding_features.encoders import GCN
    from embedding_features.methods.inductive import learned_from_labels_or_edges, view_of

    return learned_from_labels_or_edges(
        GCN(dim=dim, layers=layers, dropout=dropout, weight_decay=weight_decay, labels=labels),
        view_of(relations, attributes, labels),
        lr=lr,
        epochs=epochs,
        batch_size=batch_size,
        validation=validation,
    )
