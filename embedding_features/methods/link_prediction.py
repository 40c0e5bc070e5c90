"""The composition that methods of knowledge graphs share: queries against candidates, from both sides."""

from typing import Literal

from embedding_features.encoders import Lookup
from embedding_features.graph.view import View
from embedding_features.methods.task import Task
from embedding_features.methods.trained import Trained
from embedding_features.objectives import N3, OneVsAll
from embedding_features.sampling import Queries
from embedding_features.scorers import RelationScorer
from embedding_features.training import Adagrad, Adam, Training


def predict_links(
    scorer: RelationScorer,
    *,
    relations: tuple[str, ...] | None,
    dim: int,
    std: float,
    optimizer: Adam | Adagrad,
    batch_size: int,
    epochs: int,
    candidates: int | None,
    products: Literal["float32", "bfloat16"],
    n3: float = 0.0,
) -> Trained:
    """Return the composition of a relation operator over a lookup.

    Every edge is learned from both sides, its source as the target of the reciprocal relation (Lacroix et
    al., ICML 2018, section 3), by the softmax of its target among candidates. The learning rate falls to 0.

    Args:
        scorer: the operator; its metric is the dot product or L2.
        relations: of the graph; None for all.
        dim: width of the vectors.
        std: of the normal distribution that nodes start from.
        optimizer: and its learning rate.
        batch_size: queries in a step.
        epochs: passes over all queries.
        candidates: nodes drawn for a step, beside its own targets; None for all.
        products: type in which matrices are multiplied.
        n3: weight of the penalty on cubes; 0 for none.
    """
    return Trained(
        view=View(relations=relations or "all", weights="one"),
        encoder=Lookup(dim=dim, std=std, sparse=isinstance(optimizer, Adagrad)),
        tasks=(
            Task(
                sampler=Queries(candidates=candidates),
                scorer=scorer,
                objective=OneVsAll(products=products),
                penalties=(N3(weight=n3),) if n3 else (),
            ),
        ),
        training=Training(
            optimizer=optimizer, lr_decay="linear", batch_size=batch_size, epochs=epochs, early_stop=None
        ),
    )
