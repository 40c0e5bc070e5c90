"""Skip-grams of walks along a metapath."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.closed_form import ClosedForm


@method(
    family="random walk",
    exports="vectors of the path's node types",
    weights="confidence",
    needs="any relations",
    tunable={"window": Range(2, 20), "negatives": Range(1, 20), "lr": Range(5e-3, 0.1, log=True)},
)
def metapath2vec(
    dim: int = 128,
    walks_per_node: int = 10,
    length: int = 80,
    window: int = 5,
    negatives: int = 5,
    lr: float = 0.025,
    metapath: tuple[str, ...] | None = None,
    relations: tuple[str, ...] | None = None,
) -> "ClosedForm":
    """metapath2vec (Dong, Chawla & Swami, KDD 2017): walks follow the relations of a path in turn.

    ``metapath`` names relations, ``~`` before one takes it backwards, and it leads back to where it begins:
    ``[wrote, published_at, ~published_at, ~wrote]``. Without one, walks go there and back along each
    relation in turn, from the first one's sources. Negatives are of any type.
    """
    from embedding_features.graph.view import View
    from embedding_features.methods.metapaths import relations_of
    from embedding_features.methods.skip_grams import skip_grams
    from embedding_features.walks import MetapathWalks

    return skip_grams(
        View(relations=relations or relations_of(metapath)),
        MetapathWalks(length=length, path=metapath),
        dim=dim,
        walks_per_node=walks_per_node,
        window=window,
        negatives=negatives,
        lr=lr,
        noise="all_types",
    )
