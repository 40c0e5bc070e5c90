"""Relations as translations."""

from typing import TYPE_CHECKING, Literal

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.trained import Trained


@method(
    family="knowledge graph",
    exports="vectors of all node types and of relations",
    weights="ignored",
    needs="any relations",
    tunable={"lr": Range(1e-3, 5e-2, log=True), "epochs": Range(5, 100, log=True)},
)
def transe(
    dim: int = 128,
    lr: float = 5e-3,
    batch_size: int = 512,
    epochs: int = 12,
    candidates: int | None = 2048,
    std: float = 0.05,
    metric: Literal["l2", "dot"] = "l2",
    relations: tuple[str, ...] | None = None,
) -> "Trained":
    """TransE (Bordes et al., NIPS 2013): a relation is a translation of the space.

    score = −‖s + r − t‖₂, or ⟨s + r, t⟩ with metric="dot". Trained by the softmax over candidates in place
    of the paper's margin, which reaches far better ranks (Ruffinelli et al., ICLR 2020).
    """
    from embedding_features.methods.link_prediction import predict_links
    from embedding_features.scorers import TransE
    from embedding_features.training import Adam

    return predict_links(
        TransE(metric=metric, std=std),
        relations=relations,
        dim=dim,
        std=std,
        optimizer=Adam(lr=lr),
        batch_size=batch_size,
        epochs=epochs,
        candidates=candidates,
        products="bfloat16",
    )
