"""Puts pykeen's training on triples, at the benchmark's sizes, behind a function."""

import logging
import time
from typing import Any, Literal

import numpy as np
import torch

from embedding_features.arrays import F32
from embedding_features.graph.triples import TripleArrays
from embedding_features.scorers import Compare, ComplEx, DistMult, RelationScorer, TransE

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

Operator = Literal["translation", "diagonal", "complex"]

#: our operator, and pykeen's name and settings of the same
OPERATORS: dict[Operator, tuple[RelationScorer, str, dict[str, Any]]] = {
    "translation": (TransE(metric="l2"), "transe", {"p": 2}),
    "diagonal": (DistMult(), "distmult", {}),
    "complex": (ComplEx(), "complex", {}),
}


def pykeen_training(
    operator: Operator,
    triples: TripleArrays,
    nodes: int,
    relations: int,
    *,
    dim: int,
    batch_size: int,
    negatives: int,
    epochs: int,
    lr: float,
    std: float,
) -> tuple[float, F32, Compare]:
    """Return the seconds of pykeen's epochs, the [nodes, dim] vectors and the operator that it has learned.

    It learns each triple from both sides, by reciprocal relations, with ``negatives`` targets drawn for each,
    by the softmax over them (its cross-entropy) and Adam, from vectors of standard deviation ``std``, without
    the constraints and regularizers of its defaults. A first epoch before the clock starts is thrown away.
    """
    for seed, passes in ((1, 1), (0, epochs)):
        torch.manual_seed(seed)
        model, loop, factory = _made(operator, triples, nodes, relations, dim, negatives, lr, std)
        started = time.perf_counter()
        loop.train(factory, num_epochs=passes, batch_size=batch_size, use_tqdm=False, drop_last=False)
        seconds = time.perf_counter() - started
    entities, edges = (
        _real(of[0]().detach()) for of in (model.entity_representations, model.relation_representations)
    )
    compare = OPERATORS[operator][0].build(2 * relations, dim, torch.Generator())
    with torch.no_grad():  # pykeen's relations 2 k and 2 k + 1 are ours k and k + relations
        compare.relations.copy_(torch.cat([edges[0::2], edges[1::2]]))
    return seconds, np.ascontiguousarray(entities.numpy()), compare


def _made(
    operator: Operator,
    triples: TripleArrays,
    nodes: int,
    relations: int,
    dim: int,
    negatives: int,
    lr: float,
    std: float,
) -> tuple[Any, Any, Any]:
    """Return pykeen's model, training loop and triples."""
    from pykeen.models import ERModel
    from pykeen.training import SLCWATrainingLoop
    from pykeen.triples import CoreTriplesFactory

    logging.getLogger("pykeen").setLevel(logging.ERROR)
    columns = torch.from_numpy(np.stack(triples, axis=1))
    factory = CoreTriplesFactory.create(columns, nodes, relations, create_inverse_triples=True)
    _, name, settings = OPERATORS[operator]
    table = {"shape": dim, "initializer": "normal_", "initializer_kwargs": {"std": std}}
    if operator == "complex":
        table |= {"shape": dim // 2, "dtype": torch.complex64}
    model = ERModel(
        triples_factory=factory,
        interaction=name,
        interaction_kwargs=settings,
        entity_representations_kwargs=table,
        relation_representations_kwargs=table,
        loss="crossentropy",
    )
    loop = SLCWATrainingLoop(
        model=model,
        triples_factory=factory,
        optimizer=torch.optim.Adam(model.parameters(), lr=lr),
        negative_sampler="basic",
        negative_sampler_kwargs={"num_negs_per_pos": negatives, "corruption_scheme": ("tail",)},
    )
    return model, loop, factory


def _real(table: torch.Tensor) -> torch.Tensor:
    """Return complex numbers as our vectors hold them: real parts, then imaginary parts."""
    return torch.cat([table.real, table.imag], dim=1) if table.is_complex() else table
