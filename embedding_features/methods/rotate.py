"""Relations as rotations of complex coordinates."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method

if TYPE_CHECKING:
    from embedding_features.methods.trained import Trained


@method(
    family="knowledge graph",
    exports="vectors of all node types and of relations",
    weights="ignored",
    needs="any relations",
)
def rotate(
    dim: int = 256,
    lr: float = 0.1,
    batch_size: int = 128,
    epochs: int = 15,
    candidates: int | None = 1024,
    std: float = 1e-3,
    n3: float = 0.2,
    relations: tuple[str, ...] | None = None,
) -> "Trained":
    """RotatE (Sun et al., ICLR 2019): a relation turns complex coordinates.

    score = −½ ‖s ∘ e^{iθ} − t‖₂² over dim / 2 complex coordinates, with the penalty N3 on cubes of moduli
    (Lacroix et al., ICML 2018). The Euclidean distance stands in place of the paper's sum of moduli, because
    an index can search by it, and the softmax over candidates in place of its self-adversarial negatives.
    """
    from embedding_features.methods.link_prediction import predict_links
    from embedding_features.scorers import RotatE
    from embedding_features.training import Adagrad

    return predict_links(
        RotatE(metric="squared_l2"),
        relations=relations,
        dim=dim,
        std=std,
        optimizer=Adagrad(lr=lr),
        batch_size=batch_size,
        epochs=epochs,
        candidates=candidates,
        products="bfloat16",
        n3=n3,
    )
