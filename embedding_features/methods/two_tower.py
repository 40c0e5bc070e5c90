"""Two towers, of users with their histories and of items."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.trained import Trained


@method(
    family="retrieval",
    exports="user and item vectors",
    weights="ignored",
    tunable={"temperature": Range(0.05, 0.3, log=True), "lr": Range(3e-4, 1e-2, log=True)},
)
def two_tower(
    dim: int = 64,
    widths: tuple[int, ...] = (),
    temperature: float = 0.12,
    log_q: bool = True,
    l2: float = 1e-5,
    lr: float = 1e-3,
    batch_size: int = 2048,
    epochs: int = 100,
    relation: str | None = None,
) -> "Trained":
    """Two-tower retrieval (Yi et al., RecSys 2019): in-batch softmax, corrected by how often items are there.

    A user's tower adds a vector of the user and the mean of the user's other items, through layers of
    these ``widths`` where there are any; an item's is its vector. Learned by cosine, scored by the dot
    product (:class:`.BilateralSoftmax`). It stops early by recall@20 on 5 % of the pairs, held out at random
    and not fitted again.
    """
    from embedding_features.encoders import TwoTowers
    from embedding_features.graph.view import View
    from embedding_features.methods.task import Task
    from embedding_features.methods.trained import Trained
    from embedding_features.objectives import BilateralSoftmax
    from embedding_features.sampling import InBatchPairs
    from embedding_features.training import Adam, Training

    return Trained(
        view=View.of(relation, weights="one"),
        encoder=TwoTowers(dim=dim, std=0.01, hidden=widths),
        tasks=(
            Task(
                sampler=InBatchPairs(correct=log_q),
                objective=BilateralSoftmax(temperature=temperature, l2=l2, products="bfloat16"),
            ),
        ),
        training=Training(optimizer=Adam(lr=lr), batch_size=batch_size, epochs=epochs),
    )
