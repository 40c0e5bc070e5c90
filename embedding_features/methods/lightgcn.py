"""Graph convolution reduced to propagation."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.trained import Trained


@method(
    family="collaborative",
    exports="user and item vectors",
    weights="ignored",
    tunable={
        "layers": Range(1, 4),
        "l2": Range(1e-6, 1e-2, log=True),
        "lr": Range(1e-3, 1e-1, log=True),
    },
)
def lightgcn(
    dim: int = 64,
    layers: int = 3,
    l2: float = 1e-4,
    lr: float = 2e-2,
    batch_size: int = 16_384,
    epochs: int = 80,
    relation: str | None = None,
) -> "Trained":
    """LightGCN (He et al., SIGIR 2020): propagation without weights or nonlinearity.

    e^(k+1) = D^-1/2 A D^-1/2 e^(k);  the vector is the mean of e^(0) … e^(layers).

    The composition is the paper's. Its training (lr=1e-3, batch_size=2048, epochs=1000) takes many hours
    on a CPU, because every step propagates over the whole graph. The defaults here are few, large steps,
    stopped early by recall@20 on 5 % of the pairs, held out at random and not fitted again: minutes on a
    million pairs and two cores, at some loss of recall.
    """
    from embedding_features.encoders import LightPropagation
    from embedding_features.graph.view import View
    from embedding_features.methods.task import Task
    from embedding_features.methods.trained import Trained
    from embedding_features.objectives import BPR
    from embedding_features.sampling import Pairs, Uniform
    from embedding_features.training import Adam, Training

    return Trained(
        view=View.of(relation, weights="one"),
        encoder=LightPropagation(dim=dim, layers=layers),
        tasks=(Task(sampler=Pairs(negatives=Uniform(count=1)), objective=BPR(l2=l2)),),
        training=Training(optimizer=Adam(lr=lr), batch_size=batch_size, epochs=epochs),
    )
