"""Matrix factorization weighted as infinitely many layers of graph convolution would weight it."""

import math
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
        "negative_weight": Range(10.0, 1000.0, log=True),
        "neighbour_weight": Range(1e-4, 10.0, log=True),
        "l2": Range(1e-3, 1.0, log=True),
        "lr": Range(1e-4, 1e-2, log=True),
    },
)
def ultragcn(
    dim: int = 64,
    negatives: int = 800,
    negative_weight: float = 300.0,
    neighbours: int = 10,
    neighbour_weight: float = 5e-4,
    l2: float = 0.08,
    lr: float = 3e-3,
    batch_size: int = 2048,
    epochs: int = 14,
    early_stop: str | None = "recall@20",
    relation: str | None = None,
) -> "Trained":
    """UltraGCN (Mao et al., CIKM 2021): a logistic loss with the weights of infinitely many layers.

    minimise Σ_(u,i) −β_ui ln σ(u·i − c) + negative_weight · mean_j −β_uj ln σ(c − u·j)
             + neighbour_weight · Σ_(u,i) Σ_{j ∈ S(i)} −ω_ij ln σ(u·j) + l2/2 |Θ|²

    with β_ui = √(d_u + 1) / (d_u √(d_i + 1)), and S(i) the items that share most users with i. A batch shares
    its negatives, which are drawn evenly. c = ln(negative_weight) moves no rank; the paper has none, and its
    vectors learn for long that all scores are low. ``negative_weight`` and ``l2`` are for a catalogue of some
    40,000 items; a smaller one wants less of them. The learning rate falls to 0 over ``epochs``, of which the
    best by recall@20 on 5 % of the pairs counts; ``early_stop: null`` learns from all pairs.
    """
    from embedding_features.encoders import Lookup
    from embedding_features.graph.view import View
    from embedding_features.methods.task import Task
    from embedding_features.methods.trained import Trained
    from embedding_features.objectives import WeightedLogistic, WeightedPositives
    from embedding_features.sampling import ItemNeighbours, SharedNegatives
    from embedding_features.training import Adam, Training

    return Trained(
        view=View.of(relation, weights="one"),
        encoder=Lookup(dim=dim, std=0.01),
        tasks=(
            Task(
                sampler=SharedNegatives(count=negatives, degrees=True),
                objective=WeightedLogistic(
                    negative_weight=negative_weight, offset=math.log(negative_weight), l2=l2
                ),
            ),
            Task(
                sampler=ItemNeighbours(count=neighbours),
                objective=WeightedPositives(),
                weight=neighbour_weight,
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
