"""Skip-grams of uniform walks."""

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
    tunable={"window": Range(2, 20), "negatives": Range(1, 20), "lr": Range(5e-3, 0.1, log=True)},
)
def deepwalk(
    dim: int = 128,
    walks_per_node: int = 10,
    length: int = 80,
    window: int = 5,
    negatives: int = 5,
    lr: float = 0.025,
    relations: tuple[str, ...] | None = None,
) -> "ClosedForm":
    """DeepWalk (Perozzi, Al-Rfou & Skiena, KDD 2014), by negative sampling: walks are sentences of nodes.

    Walks go along all relations, in both directions, each step by weight. Negatives are of a node's own
    type.
    """
    from embedding_features.graph.view import View
    from embedding_features.methods.skip_grams import skip_grams
    from embedding_features.walks import UniformWalks

    return skip_grams(
        View(relations=relations or "all"),
        UniformWalks(length=length),
        dim=dim,
        walks_per_node=walks_per_node,
        window=window,
        negatives=negatives,
        lr=lr,
    )
