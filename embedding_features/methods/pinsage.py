"""Convolutions over the neighbours that random walks visit most."""

from typing import TYPE_CHECKING, Literal

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.trained import Trained


@method(
    family="inductive",
    exports="user and item vectors",
    weights="ignored",
    tunable={
        "layers": Range(1, 2),
        "restart": Range(0.1, 1.0),
        "temperature": Range(0.05, 0.5, log=True),
        "lr": Range(3e-4, 1e-2, log=True),
    },
)
def pinsage(
    dim: int = 64,
    layers: int = 1,
    neighbours: int = 50,
    restart: float = 0.9,
    walk_steps: int = 1000,
    unseen: float = 0.2,
    objective: Literal["softmax", "margin"] = "softmax",
    temperature: float = 0.12,
    margin: float = 0.3,
    negatives: int = 500,
    hard: int = 6,
    optimizer: Literal["adam", "adagrad"] = "adam",
    lr: float = 1e-3,
    batch_size: int = 2048,
    epochs: int = 6,
    relation: str | None = None,
) -> "Trained":
    """PinSage (Ying et al., KDD 2018): a node is made of itself and of whom its random walks visit most.

    h'_u = ReLU(W [h_u; Σ_v α_uv ReLU(Q h_v + q)] + w), divided by its length, ``layers`` times over free
    vectors of users and items; z_u = G₂ ReLU(G₁ h_u + g). The v are the ``neighbours`` that walks of
    ``walk_steps`` steps with restarts visit most, α their shares of the visits. Steps compute sampled
    neighbourhoods alone, which a thread makes beside them.

    Pairs are learned, by cosine, against ``negatives`` that a batch shares, drawn evenly: by ``margin`` with
    the paper's loss, and up to ``hard`` hard negatives of each pair from the second epoch on; by ``softmax``
    with the softmax over them. With the optimizer ``adagrad`` a step visits the rows of layer 0 that it read
    alone, and its memory does not grow with the graph. A share ``unseen`` of a step's nodes does without its
    own vector, so that nodes that come later can be made of their neighbours. It stops early by recall@20 on
    5 % of the pairs, held out at random and not fitted again.
    """
    from embedding_features.encoders import ImportancePooling
    from embedding_features.graph.view import View
    from embedding_features.methods.task import Task
    from embedding_features.methods.trained import Trained
    from embedding_features.objectives import MaxMargin, SampledSoftmax
    from embedding_features.sampling import HardPairs, Uniform
    from embedding_features.scorers import Cosine
    from embedding_features.training import Adagrad, Adam, Training
    from embedding_features.walks import VisitCounts

    by_margin = objective == "margin"
    return Trained(
        view=View.of(relation, weights="one"),
        encoder=ImportancePooling(
            dim=dim,
            std=0.01,
            layers=layers,
            visits=VisitCounts(steps=walk_steps, restart=restart, top=neighbours),
            unseen=unseen,
            sparse=optimizer == "adagrad",
        ),
        tasks=(
            Task(
                sampler=HardPairs(negatives=Uniform(count=negatives), hard=hard if by_margin else 0),
                objective=MaxMargin(margin=margin) if by_margin else SampledSoftmax(temperature=temperature),
                scorer=Cosine(),
            ),
        ),
        training=Training(
            optimizer=Adam(lr=lr) if optimizer == "adam" else Adagrad(lr=lr),
            lr_decay="linear",
            batch_size=batch_size,
            epochs=epochs,
            evaluate_every=2,
        ),
    )
