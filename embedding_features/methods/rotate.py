"""Relations as rotations of complex coordinates."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.trained import Trained


@method(
    family="knowledge graph",
    exports="vectors of all node types and of relations",
    weights="ignored",
    needs="any relations",
    tunable={
        "lr": Range(1e-3, 5e-2, log=True),
        "n3": Range(1e-4, 1e-1, log=True),
        "epochs": Range(5, 100, log=True),
    },
)
def rotate(
    dim: int = 256,
    lr: float = 5e-3,
    batch_size: int = 512,
    epochs: int = 24,
    candidates: int | None = 1024,
    std: float = 0.05,
    n3: float = 2e-3,
    relations: tuple[str, ...] | None = None,
) -> "Trained":
    """RotatE (Sun et al., ICLR 2019): a relation turns complex coordinates.

    score = −‖s ∘ e^{iθ} − t‖₂ over dim / 2 complex coordinates; by the Euclidean distance in place of the sum
    of moduli, which an index can search. Trained by the softmax over candidates with the penalty N3 on cubes
    of moduli (Lacroix et al., ICML 2018), which keeps distances from growing without end.
    """
    from embedding_features.methods.link_prediction import predict_links
    from embedding_features.scorers import RotatE
    from embedding_features.training import Adam

    return predict_links(
        RotatE(metric="l2"),
        relations=relations,
        dim=dim,
        std=std,
        optimizer=Adam(lr=lr),
        batch_size=batch_size,
        epochs=epochs,
        candidates=candidates,
        products="bfloat16",
        n3=n3,
    )
