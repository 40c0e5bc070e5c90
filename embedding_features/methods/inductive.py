"""What methods share whose networks make vectors of features and neighbours: their view and their tasks."""

from embedding_features.encoders.inductive import InductiveEncoder
from embedding_features.graph.view import View
from embedding_features.methods.task import Task
from embedding_features.methods.trained import Trained
from embedding_features.objectives import SampledSoftmax
from embedding_features.sampling import Labelled, Triples
from embedding_features.training import Adam, Training


def view_of(relations: tuple[str, ...] | None, attributes: tuple[str, ...], labels: str | None) -> View:
    """Return the view of all nodes, with relations to attributes as their features."""
    named = None if relations is None else tuple(dict.fromkeys((*relations, *((labels,) if labels else ()))))
    return View(relations=named or "all", weights="one", nodes="all", attributes=attributes)


def learned_from_labels_or_edges(
    encoder: InductiveEncoder,
    view: View,
    *,
    lr: float,
    epochs: int,
    batch_size: int,
    validation: str | None,
) -> Trained:
    """Return the method that learns an encoder's vectors; see :func:`learned`.

    Of labels, where the encoder names their relation: the softmax of ⟨node, label⟩ over all labels, whose
    vectors are learned with it. Else of edges, from both sides: the softmax of each target among nodes that a
    batch draws.
    """
    edges = Triples(count=256, in_batch=False)
    sampler = edges if encoder.labels is None else Labelled(relation=encoder.labels)
    task = Task(sampler=sampler, objective=SampledSoftmax())
    return learned(encoder, view, task, lr=lr, epochs=epochs, batch_size=batch_size, validation=validation)


def learned(
    encoder: InductiveEncoder,
    view: View,
    task: Task,
    *,
    lr: float,
    epochs: int,
    batch_size: int,
    validation: str | None,
) -> Trained:
    """Return the method that learns an encoder's vectors by a task.

    Args:
        encoder: settings of the network.
        view: of the graph.
        task: the loss.
        lr: learning rate of Adam.
        epochs: at most so many.
        batch_size: examples of a step.
        validation: relation from nodes to labels that are not learned from; training stops by how well they
            are read from the vectors. None trains for all epochs.
    """
    training = Training(
        optimizer=Adam(lr=lr),
        batch_size=batch_size,
        epochs=epochs,
        early_stop=None if validation is None else f"micro_f1:{validation}",
    )
    return Trained(view=view, encoder=encoder, tasks=(task,), training=training)
