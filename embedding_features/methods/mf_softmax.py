"""Matrix factorization by the softmax over negatives that a batch shares."""

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
        "temperature": Range(0.05, 0.3, log=True),
        "power": Range(0.7, 1.5),
        "lr": Range(1e-4, 1e-2, log=True),
    },
)
def mf_softmax(
    dim: int = 64,
    negatives: int = 800,
    positives: int = 1,
    temperature: float = 0.08,
    power: float = 1.22,
    l2: float = 0.0,
    lr: float = 2e-3,
    batch_size: int = 1024,
    epochs: int = 16,
    early_stop: str | None = "recall@20",
    relation: str | None = None,
) -> "Trained":
    """MF by the bilateral softmax (Wu et al., BSL, ICDE 2024): free vectors, many shared negatives.

    minimise −ln mean_i e^{cos(u, i)/τ} + power · ln Σ_j e^{cos(u, j)/τ}, i ``positives`` items that u has an
    edge to and j drawn evenly from the others. Vectors are trained by the cosine and scored by the dot
    product, as those of lightgcn. The learning rate falls to 0 over ``epochs``, of which the best by
    recall@20 on 5 % of the pairs counts; ``early_stop: null`` learns from all pairs.
    """
    from embedding_features.encoders import Lookup
    from embedding_features.graph.view import View
    from embedding_features.methods.task import Task
    from embedding_features.methods.trained import Trained
    from embedding_features.objectives import BilateralSoftmax
    from embedding_features.sampling import SharedNegatives
    from embedding_features.training import Adam, Training

    return Trained(
        view=View.of(relation, weights="one"),
        encoder=Lookup(dim=dim, std=0.01),
        tasks=(
            Task(
                sampler=SharedNegatives(count=negatives, positives=positives),
                objective=BilateralSoftmax(temperature=temperature, power=power, l2=l2),
            ),
        ),
        training=Training(
            optimizer=Adam(lr=lr),
            lr_decay="linear",
            batch_size=batch_size,
            epochs=epochs,
            early_stop=early_stop,
        ),
    )
