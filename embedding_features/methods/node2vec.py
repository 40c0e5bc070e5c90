"""Skip-grams of walks that stay near or go far."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.closed_form import ClosedForm


@method(
    family="random walk",
    exports="vectors of all node types",
    weights="confidence",
    needs="any relations",
    tunable={
        "p": Range(0.25, 4.0, log=True),
        "q": Range(0.25, 4.0, log=True),
        "window": Range(2, 20),
        "negatives": Range(1, 20),
        "lr": Range(5e-3, 0.1, log=True),
    },
)
def node2vec(
    dim: int = 128,
    walks_per_node: int = 10,
    length: int = 80,
    window: int = 10,
    negatives: int = 5,
    lr: float = 0.025,
    p: float = 1.0,
    q: float = 1.0,
    relations: tuple[str, ...] | None = None,
) -> "ClosedForm":
    """node2vec (Grover & Leskovec, KDD 2016): walks of the second order, back by 1/p and outward by 1/q.

    Walks go along all relations, in both directions. With p = q = 1 they are DeepWalk's.
    """
    from embedding_features.graph.view import View
    from embedding_features.methods.skip_grams import skip_grams
    from embedding_features.walks import BiasedWalks

    return skip_grams(
        View(relations=relations or "all"),
        BiasedWalks(length=length, p=p, q=q),
        dim=dim,
        walks_per_node=walks_per_node,
        window=window,
        negatives=negatives,
        lr=lr,
    )
