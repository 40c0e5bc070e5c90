"""Relations as complex weights of complex coordinates."""

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
        "lr": Range(1e-2, 1.0, log=True),
        "n3": Range(1e-3, 0.5, log=True),
        "epochs": Range(5, 100, log=True),
    },
)
def complex(
    dim: int = 256,
    lr: float = 0.1,
    batch_size: int = 128,
    epochs: int = 15,
    candidates: int | None = 1024,
    std: float = 1e-3,
    n3: float = 0.05,
    relations: tuple[str, ...] | None = None,
) -> "Trained":
    """ComplEx (Trouillon et al., ICML 2016) with N3: a relation weighs complex coordinates.

    score = Re ⟨s ∘ r, t̄⟩ over dim / 2 complex coordinates, with the penalty N3 on cubes of moduli (Lacroix
    et al., ICML 2018).
    """
    from embedding_features.methods.link_prediction import predict_links
    from embedding_features.scorers import ComplEx
    from embedding_features.training import Adagrad

    return predict_links(
        ComplEx(),
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
