"""Puts pykeen's training on triples, at the benchmark's sizes, behind a function."""

import logging
import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from embedding_features.arrays import F32
from embedding_features.graph.triples import TripleArrays
from embedding_features.scorers import ComplEx, DistMult, RelationCompare, RelationScorer, TransE

#: installed without what they declare, beside the few that they import
PACKAGES = (
    "class-resolver==0.8.2",
    "click-default-group==1.2.4",
    "dataclasses-json==0.6.7",
    "docdata==0.0.5",
    "marshmallow==4.4.0",
    "more-click==0.1.3",
    "more-itertools==11.2.1",
    "optuna==5.0.0",
    "pykeen==1.11.1",
    "pystow==0.10.3",
    "torch-max-mem==0.1.6",
    "torch-ppr==0.0.8",
    "typing-inspect==0.9.0",
)
MODULES = ("class_resolver", "dataclasses_json", "docdata", "optuna", "pykeen", "pystow", "torch_max_mem")

#: our operator, and pykeen's name and settings of the same
OPERATORS: dict[str, tuple[RelationScorer, str, dict[str, Any]]] = {
    "translation": (TransE(metric="l2"), "transe", {"p": 2}),
    "diagonal": (DistMult(), "distmult", {}),
    "complex": (ComplEx(), "complex", {}),
}


@dataclass(frozen=True)
class Setting:
    """Holds what both sides train with.

    Attributes:
        operator: a key of :data:`OPERATORS`.
        dim: width of the vectors.
        batch_size: triples, or triples from their other side, in a step.
        negatives: targets that are drawn for each.
        epochs: passes over the triples from both sides.
        lr: learning rate of Adam.
        std: standard deviation of vectors and of the operator's parameters at the start.
    """

    operator: str
    dim: int
    batch_size: int
    negatives: int
    epochs: int
    lr: float
    std: float


def pykeen_training(
    setting: Setting, triples: TripleArrays, nodes: int, relations: int
) -> tuple[float, F32, RelationCompare]:
    """Return the seconds of pykeen's epochs, the [nodes, dim] vectors and the operator that it has learned.

    It trains by its cross-entropy over a triple and its negatives, without the constraints and regularizers
    of its models' defaults.
    """
    torch.manual_seed(0)
    model, loop, factory = _made(setting, triples, nodes, relations)
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'pin_memory' argument", UserWarning)
        loop.train(factory, num_epochs=setting.epochs, batch_size=setting.batch_size, use_tqdm=False)
    seconds = time.perf_counter() - started
    tables = (model.entity_representations[0], model.relation_representations[0])
    entities, edges = (_real(table().detach()) for table in tables)
    compare = OPERATORS[setting.operator][0].build(2 * relations, setting.dim, torch.Generator())
    with torch.no_grad():  # pykeen's relations 2 k and 2 k + 1 are ours k and k + relations
        compare.relations.copy_(torch.cat([edges[0::2], edges[1::2]]))
    return seconds, np.ascontiguousarray(entities.numpy()), compare


def _made(setting: Setting, triples: TripleArrays, nodes: int, relations: int) -> tuple[Any, Any, Any]:
    """Return pykeen's model, training loop and triples."""
    from pykeen.models import ERModel
    from pykeen.training import SLCWATrainingLoop
    from pykeen.triples import CoreTriplesFactory

    logging.getLogger("pykeen").setLevel(logging.ERROR)
    columns = torch.from_numpy(np.stack(triples, axis=1))
    factory = CoreTriplesFactory.create(columns, nodes, relations, create_inverse_triples=True)
    _, name, more = OPERATORS[setting.operator]
    table = {"shape": setting.dim, "initializer": "normal_", "initializer_kwargs": {"std": setting.std}}
    if setting.operator == "complex":
        table |= {"shape": setting.dim // 2, "dtype": torch.complex64}
    model = ERModel(
        triples_factory=factory,
        interaction=name,
        interaction_kwargs=more,
        entity_representations_kwargs=table,
        relation_representations_kwargs=table,
        loss="crossentropy",
    )
    loop = SLCWATrainingLoop(
        model=model,
        triples_factory=factory,
        optimizer=torch.optim.Adam(model.parameters(), lr=setting.lr),
        negative_sampler="basic",
        negative_sampler_kwargs={"num_negs_per_pos": setting.negatives, "corruption_scheme": ("tail",)},
    )
    return model, loop, factory


def _real(table: torch.Tensor) -> torch.Tensor:
    """Return complex numbers as our vectors hold them: real parts, then imaginary parts."""
    return torch.cat([table.real, table.imag], dim=1) if table.is_complex() else table
