"""Skip-grams of the items of histories."""

from typing import TYPE_CHECKING, Literal

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.closed_form import ClosedForm


@method(
    family="random walk",
    exports="item vectors, and of users the mean of their items'",
    weights="ignored",
    tunable={"window": Range(2, 20), "negatives": Range(1, 20), "lr": Range(5e-3, 0.1, log=True)},
)
def item2vec(
    dim: int = 64,
    walks_per_node: int = 20,
    length: int = 40,
    window: int = 10,
    negatives: int = 5,
    lr: float = 0.025,
    order: Literal["shuffled", "time"] = "shuffled",
    relation: str | None = None,
) -> "ClosedForm":
    """item2vec (Barkan & Koenigstein, MLSP 2016): items of one history are each other's context.

    ``order="shuffled"`` takes a history as a set, as the paper does; ``"time"`` takes the items that came
    next to each other. A user's vector is the mean of the user's items'.
    """
    from embedding_features.graph.view import View
    from embedding_features.methods.skip_grams import skip_grams
    from embedding_features.walks import HistoryWalks

    return skip_grams(
        View.of(relation, weights="one"),
        HistoryWalks(length=length, order=order),
        dim=dim,
        walks_per_node=walks_per_node,
        window=window,
        negatives=negatives,
        lr=lr,
    )
