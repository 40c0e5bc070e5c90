"""Graph convolution whose messages know both ends of an edge."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.trained import Trained


@method(
    family="collaborative",
    exports="user and item vectors",
    weights="ignored",
    tunable={
        "layers": Range(1, 3),
        "temperature": Range(0.05, 0.3, log=True),
        "lr": Range(3e-4, 1e-2, log=True),
    },
)
def ngcf(
    dim: int = 64,
    layers: int = 2,
    dropout: float = 0.0,
    temperature: float = 0.12,
    l2: float = 1e-5,
    lr: float = 2e-3,
    batch_size: int = 2048,
    epochs: int = 10,
    early_stop: str | None = "recall@20",
    relation: str | None = None,
) -> "Trained":
    """NGCF (Wang et al., SIGIR 2019): messages of both ends of an edge, transformed and rectified.

    E^(k+1) = LeakyReLU((Â + I) E^(k) W₁ + (Â E^(k) ⊙ E^(k)) W₂);  vector = Σ_k E^(k).

    The paper puts the layers beside each other; here they add up, and have the width of what is published.
    In place of the paper's BPR it learns by the softmax of each pair's cosine among the other items of its
    batch, and scores by the dot product, as lightgcn does. The learning rate falls to 0 over ``epochs``, of
    which the best by recall@20 on 5 % of the pairs counts; ``early_stop: null`` learns from all pairs.
    """
    from embedding_features.encoders import NGCF
    from embedding_features.graph.view import View
    from embedding_features.methods.task import Task
    from embedding_features.methods.trained import Trained
    from embedding_features.objectives import BilateralSoftmax
    from embedding_features.sampling import InBatchPairs
    from embedding_features.training import Adam, Training

    return Trained(
        view=View.of(relation, weights="one"),
        encoder=NGCF(dim=dim, layers=layers, dropout=dropout, std=0.01),
        tasks=(Task(sampler=InBatchPairs(), objective=BilateralSoftmax(temperature=temperature, l2=l2)),),
        training=Training(
            optimizer=Adam(lr=lr),
            lr_decay="linear",
            batch_size=batch_size,
            epochs=epochs,
            early_stop=early_stop,
        ),
    )
