"""Collaborative filtering by alignment and uniformity."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.trained import Trained


@method(
    family="collaborative",
    exports="user and item vectors",
    weights="ignored",
    tunable={
        "gamma": Range(0.2, 10.0, log=True),
        "lr": Range(3e-4, 1e-2, log=True),
    },
)
def direct_au(
    dim: int = 64,
    layers: Annotated[int, Field(ge=0)] = 3,
    gamma: float = 2.0,
    lr: float = 1e-3,
    batch_size: int = 2048,
    epochs: int = 50,
    early_stop: str | None = "recall@20",
    relation: str | None = None,
) -> "Trained":
    """DirectAU (Wang et al., KDD 2022): ends of edges near each other, users and items each spread evenly.

    minimise |u − i|² + gamma / 2 · (ln E e^{−2|u − u'|²} + ln E e^{−2|i − i'|²}) of vectors on the sphere; no
    negatives are drawn. The vectors are LightGCN's of ``layers`` propagations, with 0 free ones, and are
    scored by the dot product of what they are before they are put on the sphere, as the authors' code does.
    It stops early by recall@20 on 5 % of the pairs, held out at random and
    not fitted again; ``early_stop: null`` learns from all pairs for ``epochs``.
    """
    from embedding_features.encoders import LightPropagation, Lookup
    from embedding_features.graph.view import View
    from embedding_features.methods.task import Task
    from embedding_features.methods.trained import Trained
    from embedding_features.objectives import AlignmentUniformity
    from embedding_features.sampling import Pairs
    from embedding_features.training import Adam, Training

    encoder = LightPropagation(dim=dim, layers=layers, std=0.01) if layers else Lookup(dim=dim, std=0.01)
    return Trained(
        view=View.of(relation, weights="one"),
        encoder=encoder,
        tasks=(Task(sampler=Pairs(), objective=AlignmentUniformity(gamma=gamma)),),
        training=Training(optimizer=Adam(lr=lr), batch_size=batch_size, epochs=epochs, early_stop=early_stop),
    )
