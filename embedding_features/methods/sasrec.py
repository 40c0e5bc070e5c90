"""Self-attention over histories that asks for the next item."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.trained import Trained


@method(
    family="sequential",
    exports="item vectors, and of users the state after their history",
    weights="ignored",
    tunable={"dropout": Range(0.0, 0.7), "lr": Range(3e-4, 5e-3, log=True), "blocks": Range(1, 4)},
)
def sasrec(
    dim: int = 64,
    length: int = 50,
    blocks: int = 2,
    heads: int = 1,
    dropout: float = 0.5,
    negatives: int | None = None,
    lr: float = 1e-3,
    batch_size: int = 512,
    epochs: int = 100,
    relation: str | None = None,
) -> "Trained":
    """SASRec (Kang & McAuley, ICDM 2018): self-attention over what a user did, asked for the next item.

    In place of the paper's one negative its loss is the softmax over the whole catalogue, or over the batch's
    targets and ``negatives`` drawn items. A batch is of ``batch_size`` histories. It needs times; events of
    one moment never predict each other, and an item that a user has several edges to stands at its last. It
    stops early by ndcg@10 of what each user did last, held out and not fitted again; then these events are
    read, too.
    """
    from embedding_features.encoders import SelfAttention
    from embedding_features.graph.view import View
    from embedding_features.methods.task import Task
    from embedding_features.methods.trained import Trained
    from embedding_features.objectives import SharedSoftmax
    from embedding_features.sampling import NextItems
    from embedding_features.training import Adam, Training

    return Trained(
        view=View.of(relation, weights="one"),
        encoder=SelfAttention(dim=dim, std=0.02, length=length, blocks=blocks, heads=heads, dropout=dropout),
        tasks=(
            Task(
                sampler=NextItems(length=length, count=negatives),
                objective=SharedSoftmax(products="bfloat16"),
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
