"""Graph convolution whose vectors are contrasted under two noises."""

from typing import TYPE_CHECKING, Literal

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.trained import Trained


@method(
    family="collaborative",
    exports="user and item vectors",
    weights="ignored",
    tunable={
        "contrast": Range(0.01, 1.0, log=True),
        "temperature": Range(0.05, 0.5, log=True),
        "noise": Range(0.02, 0.4, log=True),
        "lr": Range(3e-4, 1e-2, log=True),
    },
)
def simgcl(
    dim: int = 64,
    layers: int = 3,
    contrast: float = 0.5,
    temperature: float = 0.2,
    noise: float = 0.1,
    products: Literal["float32", "bfloat16"] = "float32",
    l2: float = 1e-4,
    lr: float = 1e-3,
    batch_size: int = 2048,
    epochs: int = 40,
    early_stop: str | None = "recall@20",
    relation: str | None = None,
) -> "Trained":
    """SimGCL (Yu et al., SIGIR 2022): LightGCN without layer 0, contrasted under two noises.

    BPR + contrast · InfoNCE of two encodings of the batch's distinct users, and of its items; in each layer
    of an encoding every vector is moved by ``noise``, in a random direction of its own orthant (eqs. 3 and
    4). What is published has none. It stops early by recall@20 on 5 % of the pairs, held out at random and
    not fitted again; ``early_stop: null`` learns from all pairs for ``epochs``.
    """
    from embedding_features.encoders import ContrastedPropagation
    from embedding_features.graph.view import View
    from embedding_features.methods.task import Task
    from embedding_features.methods.trained import Trained
    from embedding_features.objectives import BPR, InfoNCE
    from embedding_features.sampling import Pairs
    from embedding_features.training import Adam, Training

    return Trained(
        view=View.of(relation, weights="one"),
        encoder=ContrastedPropagation(dim=dim, layers=layers, std=0.01, noise=noise),
        tasks=(
            Task(
                sampler=Pairs(),
                objective=BPR(l2=l2),
                penalties=(InfoNCE(temperature=temperature, weight=contrast, products=products),),
            ),
        ),
        training=Training(optimizer=Adam(lr=lr), batch_size=batch_size, epochs=epochs, early_stop=early_stop),
    )
