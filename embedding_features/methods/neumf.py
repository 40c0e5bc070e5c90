"""A dot product and a network over two vectors, added up."""

from typing import TYPE_CHECKING, Literal

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.trained import Trained


@method(
    family="collaborative",
    exports="user and item vectors of the product's part; the network that scores pairs",
    weights="ignored",
    tunable={
        "l2": Range(1e-5, 1e-1, log=True),
        "lr": Range(3e-4, 1e-2, log=True),
        "dropout": Range(0.0, 0.5),
    },
)
def neumf(
    dim: int = 64,
    hidden: int = 32,
    parts: Literal["both", "product", "tower", "dot"] = "both",
    negatives: int = 4,
    dropout: float = 0.1,
    l2: float = 3e-3,
    lr: float = 8e-3,
    batch_size: int = 8192,
    epochs: int = 15,
    relation: str | None = None,
) -> "Trained":
    """NeuMF (He et al., WWW 2017): a generalized dot product and a tower over two vectors, by the log loss.

    s(u, i) = h · (p_u ⊙ p_i) + w · tower([q_u, q_i])

    ``parts`` may take the product (GMF) or the tower (MLP) alone, or a plain dot product, which is as good
    where it is tuned as well (Rendle et al., RecSys 2020). The tower has no query that an index could search
    with: published are h ⊙ p_u and p_i, whose dot product is the first part of the score, and the network,
    which ranks candidates by all of it. It trains for all epochs at a rate that falls to 0, for
    retrieval by the dot product would not tell when to stop.
    """
    from embedding_features.encoders import Lookup, NeuralFactorization
    from embedding_features.graph.view import View
    from embedding_features.methods.task import Task
    from embedding_features.methods.trained import Trained
    from embedding_features.objectives import LogLoss
    from embedding_features.sampling import Pairs, Uniform
    from embedding_features.training import Adam, Training

    return Trained(
        view=View.of(relation, weights="one"),
        encoder=Lookup(dim=dim)
        if parts == "dot"
        else NeuralFactorization(dim=dim, parts=parts, hidden=hidden, dropout=dropout),
        tasks=(Task(sampler=Pairs(negatives=Uniform(count=negatives)), objective=LogLoss(l2=l2)),),
        training=Training(
            optimizer=Adam(lr=lr), lr_decay="linear", batch_size=batch_size, epochs=epochs, early_stop=None
        ),
    )
