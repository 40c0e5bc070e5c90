"""Nodes joined with their aggregated neighbours."""

from typing import TYPE_CHECKING, Literal

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
def graphsage(
    dim: int = 64,
    layers: int = 2,
    aggregator: Literal["mean", "pool"] = "mean",
    dropout: float = 0.0,
    weight_decay: float = 0.0,
    temperature: float = 0.1,
    negatives: int = 512,
    walk_length: int = 5,
    lr: float = 1e-2,
    batch_size: int = 4096,
    epochs: int = 30,
    labels: str | None = None,
    validation: str | None = None,
    attributes: tuple[str, ...] = (),
    relations: tuple[str, ...] | None = None,
) -> "Trained":
    """GraphSAGE (Hamilton et al., NeurIPS 2017): a node beside what is aggregated of its neighbours.

    h' = ReLU(W [h, aggregate(h_j)]), by the mean or by ``aggregator="pool"``. ``labels`` names a relation
    from nodes to labels: it learns them by the softmax of ⟨node, label⟩, and publishes vectors of both.
    Without it, nodes that a short walk passes are to be near: the softmax of their cosine among
    ``negatives``, in place of the paper's logistic loss. ``attributes`` are relations to words or tags that
    are features, beside the columns of nodes' tables.
    """
    from embedding_features.encoders import GraphSAGE
    from embedding_features.methods.inductive import learned, learned_from_labels_or_edges, view_of
    from embedding_features.methods.task import Task
    from embedding_features.objectives import SampledSoftmax
    from embedding_features.sampling import WalkPairs

    encoder = GraphSAGE(
        dim=dim,
        layers=layers,
        aggregator=aggregator,
        dropout=dropout,
        weight_decay=weight_decay,
        labels=labels,
    )
    view = view_of(relations, attributes, labels)
    if labels is not None:
        return learned_from_labels_or_edges(
            encoder, view, lr=lr, epochs=epochs, batch_size=batch_size, validation=validation
        )
    task = Task(
        sampler=WalkPairs(length=walk_length, count=negatives),
        objective=SampledSoftmax(temperature=temperature),
    )
    return learned(encoder, view, task, lr=lr, epochs=epochs, batch_size=batch_size, validation=validation)
