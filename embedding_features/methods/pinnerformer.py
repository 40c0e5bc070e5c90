"""Self-attention over what users did, asked for what they do within a time."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.trained import Trained


@method(
    family="sequential",
    exports="item vectors, and of users the state after their history",
    weights="ignored",
    needs="relations between two node types each",
    tunable={
        "days": Range(1.0, 90.0, log=True),
        "temperature": Range(0.02, 0.3, log=True),
        "dropout": Range(0.0, 0.7),
        "lr": Range(3e-4, 5e-3, log=True),
    },
)
def pinnerformer(
    dim: int = 64,
    length: int = 256,
    blocks: int = 2,
    heads: int = 1,
    dropout: float = 0.1,
    days: float = 28.0,
    events: int | None = None,
    anchors: int = 32,
    negatives: int = 1024,
    temperature: float = 0.1,
    lr: float = 1e-3,
    batch_size: int = 512,
    epochs: int = 100,
    relations: tuple[str, ...] = (),
) -> "Trained":
    """PinnerFormer (Pancha et al., KDD 2022): from what a user did to all that the user does within a time.

    Events are of all ``relations``, which join the same two node types, the one that is judged first; each
    tells its relation and its time. At ``anchors`` random places of a history the network is asked for a
    random event of the next ``days``, or of the next ``events`` where only an order is known (the dense
    all-action loss). Negatives are the batch's targets and ``negatives`` items, corrected by how often they
    are there. It stops early by ndcg@10 of what each user did last, held out and not fitted again; then these
    events are read, too.
    """
    from embedding_features.encoders import SelfAttention
    from embedding_features.graph.view import View
    from embedding_features.methods.task import Task
    from embedding_features.methods.trained import Trained
    from embedding_features.objectives import SharedSoftmax
    from embedding_features.sampling import FutureItems
    from embedding_features.scorers import Cosine
    from embedding_features.training import Adam, Training

    return Trained(
        view=View(relations=relations or "all", weights="one"),
        encoder=SelfAttention(
            dim=dim,
            std=0.02,
            length=length,
            blocks=blocks,
            heads=heads,
            dropout=dropout,
            of="all",
            actions=True,
            times=True,
        ),
        tasks=(
            Task(
                sampler=FutureItems(
                    of="all", length=length, days=days, events=events, anchors=anchors, count=negatives
                ),
                objective=SharedSoftmax(temperature=temperature, products="bfloat16"),
                scorer=Cosine(),
            ),
        ),
        training=Training(
            optimizer=Adam(lr=lr),
            batch_size=batch_size,
            epochs=epochs,
            early_stop="ndcg@10",
            validation="last",
            evaluate_every=2,
            patience=5,
        ),
    )
