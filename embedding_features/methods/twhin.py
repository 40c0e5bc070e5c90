"""Vectors of a heterogeneous network of behaviours, for recommendation."""

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
    tunable={"lr": Range(1e-2, 1.0, log=True), "epochs": Range(5, 100, log=True)},
)
def twhin(
    dim: int = 128,
    lr: float = 0.1,
    batch_size: int = 1024,
    epochs: int = 20,
    negatives: int = 512,
    std: float = 0.05,
    relations: tuple[str, ...] | None = None,
) -> "Trained":
    """TwHIN (El-Kishky et al., KDD 2022): all behaviours as relations of one network, each a translation.

    score = ⟨s + r, t⟩. Every edge is told from sampled ones by the logistic loss, from both sides; negatives
    are the batch's other targets and nodes drawn by their number of edges. New versions start from the last
    one (``warm_start``), held to it by ``previous_l2`` where its space is to stay (section 4.4).
    """
    from embedding_features.encoders import Lookup
    from embedding_features.graph.view import View
    from embedding_features.methods.task import Task
    from embedding_features.methods.trained import Trained
    from embedding_features.objectives import Logistic
    from embedding_features.sampling import Triples
    from embedding_features.scorers import TransE
    from embedding_features.training import Adagrad, Training

    return Trained(
        view=View(relations=relations or "all", weights="one"),
        encoder=Lookup(dim=dim, std=std, sparse=True),
        tasks=(
            Task(
                sampler=Triples(count=negatives),
                scorer=TransE(metric="dot", std=std),
                objective=Logistic(),
            ),
        ),
        training=Training(
            optimizer=Adagrad(lr=lr), lr_decay="linear", batch_size=batch_size, epochs=epochs, early_stop=None
        ),
    )
