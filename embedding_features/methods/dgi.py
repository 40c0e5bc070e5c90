"""Convolutions learned without labels."""

from typing import TYPE_CHECKING

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.trained import Trained


@method(
    family="inductive",
    exports="vectors of all node types, encoder",
    weights="ignored",
    needs="any relations",
    inductive=True,
    tunable={"lr": Range(1e-4, 1e-2, log=True)},
)
def dgi(
    dim: int = 512,
    dropout: float = 0.0,
    lr: float = 1e-3,
    batch_size: int = 4096,
    epochs: int = 200,
    validation: str | None = None,
    attributes: tuple[str, ...] = (),
    relations: tuple[str, ...] | None = None,
) -> "Trained":
    """DGI (Veličković et al., ICLR 2019): nodes told from ones of shuffled features, by the mean of all.

    H = PReLU(Â X W). ``validation`` names a relation from nodes to labels that it does not learn from;
    training stops by how well they are read from the vectors. ``attributes`` are relations to words or tags
    that are features, beside the columns of nodes' tables.
    """
    from embedding_features.encoders import DGI
    from embedding_features.methods.inductive import learned, view_of
    from embedding_features.methods.task import Task
    from embedding_features.objectives import Infomax
    from embedding_features.sampling import Nodes

    return learned(
        DGI(dim=dim, dropout=dropout),
        view_of(relations, attributes, None),
        Task(sampler=Nodes(), objective=Infomax()),
        lr=lr,
        epochs=epochs,
        batch_size=batch_size,
        validation=validation,
    )
