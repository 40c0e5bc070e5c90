"""A deep network over the mean of a user's history."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.trained import Trained


@method(
    family="retrieval",
    exports="item vectors, and of users what the network makes of their history",
    weights="ignored",
    tunable={"temperature": Range(0.05, 0.3, log=True), "lr": Range(3e-4, 1e-2, log=True)},
)
def youtube_dnn(
    dim: int = 64,
    widths: tuple[int, ...] = (256, 128),
    negatives: int = 800,
    temperature: float = 0.12,
    lr: float = 1e-3,
    batch_size: int = 2048,
    epochs: int = 100,
    early_stop: str | None = "recall@20",
    relation: str | None = None,
) -> "Trained":
    """YouTube's candidate generation (Covington et al., RecSys 2016): layers over the mean of a history.

    A user is the mean of the other items of the user's history, through layers of these ``widths``; the
    softmax is over the batch's items and ``negatives`` drawn ones, each weighed by how often it is expected.
    Learned and compared by cosine, as ``two_tower`` is. It stops early by recall@20 on 5 % of the pairs, held
    out at random and not fitted again; ``early_stop: null`` learns from all pairs for ``epochs``.
    """
    from embedding_features.encoders import TwoTowers
    from embedding_features.graph.view import View
    from embedding_features.methods.task import Task
    from embedding_features.methods.trained import Trained
    from embedding_features.objectives import SharedSoftmax
    from embedding_features.sampling import InBatchPairs
    from embedding_features.scorers import Cosine
    from embedding_features.training import Adam, Training

    return Trained(
        view=View.of(relation, weights="one"),
        encoder=TwoTowers(dim=dim, std=0.01, ids=False, hidden=widths),
        tasks=(
            Task(
                sampler=InBatchPairs(count=negatives, correct=True),
                objective=SharedSoftmax(temperature=temperature, products="bfloat16"),
                scorer=Cosine(),
            ),
        ),
        training=Training(optimizer=Adam(lr=lr), batch_size=batch_size, epochs=epochs, early_stop=early_stop),
    )
