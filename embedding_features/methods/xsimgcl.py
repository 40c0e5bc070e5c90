"""Graph convolution contrasted with its own lower layer."""

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
        "contrast": Range(0.05, 1.0, log=True),
        "temperature": Range(0.05, 0.3, log=True),
        "noise": Range(0.05, 0.4, log=True),
        "lr": Range(3e-4, 1e-2, log=True),
    },
)
def xsimgcl(
    dim: int = 64,
    layers: int = 2,
    contrasted_layer: int = 1,
    contrast: float = 0.2,
    temperature: float = 0.15,
    noise: float = 0.2,
    products: Literal["float32", "bfloat16"] = "float32",
    l2: float = 1e-5,
    lr: float = 2e-3,
    batch_size: int = 2048,
    epochs: int = 20,
    early_stop: str | None = "recall@20",
    relation: str | None = None,
) -> "Trained":
    """XSimGCL (Yu et al., TKDE 2023): LightGCN with noise in its layers, contrasted with one of them.

    softmax + contrast · InfoNCE of the batch's distinct users, and of its items, in the one encoding of a
    step and in its layer ``contrasted_layer``; in each layer every vector is moved by ``noise``, in a random
    direction of its own orthant. The vector is the mean of the layers without layer 0. What is published has
    no noise.

    In place of the paper's BPR pairs are learned by the softmax of cosines among the other items of the
    batch, by the same ``temperature`` as the contrast, and scored by the dot product, as ``lightgcn``'s are.
    It stops early by recall@20 on 5 % of the pairs, held out at random and not fitted again;
    ``early_stop: null`` learns from all pairs for ``epochs``.
    """
    from embedding_features.encoders import ContrastedPropagation
    from embedding_features.graph.view import View
    from embedding_features.methods.task import Task
    from embedding_features.methods.trained import Trained
    from embedding_features.objectives import BilateralSoftmax, InfoNCE
    from embedding_features.sampling import InBatchPairs
    from embedding_features.training import Adam, Training

    return Trained(
        view=View.of(relation, weights="one"),
        encoder=ContrastedPropagation(
            dim=dim, layers=layers, std=0.01, noise=noise, contrasted_layer=contrasted_layer
        ),
        tasks=(
            Task(
                sampler=InBatchPairs(),
                objective=BilateralSoftmax(temperature=temperature, l2=l2, products=products),
                penalties=(InfoNCE(temperature=temperature, weight=contrast, products=products),),
            ),
        ),
        training=Training(optimizer=Adam(lr=lr), batch_size=batch_size, epochs=epochs, early_stop=early_stop),
    )
