"""A ranker that is a torch module: from inputs to batches, through the loop, to probabilities."""

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field, SerializeAsAny

from embedding_features.arrays import F32
from embedding_features.progress import Progress
from ranking.inputs.inputs import Inputs
from ranking.models.alignment.settings import DomainAlignment
from ranking.models.alignment.term import check_domains
from ranking.models.base import FittedRanker, Ranker, SavedRanker
from ranking.models.module import RankerNetwork
from ranking.models.pretrained import Pretrained, Projected
from ranking.models.saved_network import Build, Shape, read_network, write_network
from ranking.models.schema import Schema
from ranking.models.tensors import Batch
from ranking.models.training import Balance, RankerTraining, Term, score_batches, train_model

__all__ = ["FittedNetwork", "NetworkRanker", "RankerNetwork"]

#: rows whose tensors are made at once: a part of them stays small, and so does what is done once a part
TENSOR_ROWS = 65_536


class NetworkRanker(Ranker):
    """Settings that deep rankers share.

    Attributes:
        id_dropout: chance that a training row's user or item id counts as unknown
            (:class:`.SparseArch`).
        pretrained: what is done with pretrained vectors.
        alignment: draws the representations of two domains' training rows together; None: does not.
    """

    represents: ClassVar[bool] = True
    dim: int = Field(default=8, ge=1)
    id_dropout: float = Field(default=0.5, ge=0, le=1)
    training: RankerTraining = RankerTraining()
    pretrained: SerializeAsAny[Pretrained] = Projected()
    alignment: SerializeAsAny[DomainAlignment] | None = None

    def _fit(self, train: Inputs, validation: Inputs, seed: int, progress: Progress) -> FittedRanker:
        return FittedNetwork(
            self, train.layout(), *self.learn(train, validation, seed, progress, self.network)
        )

    def learn(
        self,
        train: Inputs,
        validation: Inputs,
        seed: int,
        progress: Progress,
        build: Build,
        more_terms: Callable[[RankerNetwork, int], Sequence[Term]] = lambda _network, _steps: (),
    ) -> tuple[int, RankerNetwork, Shape]:
        """Epochs, trained network and shape of checked inputs.

        Args:
            build: the untrained network, :meth:`network` or what contains it.
            more_terms: from that network and an epoch's batches to further terms of the loss.
        """
        schema = Schema.of(train)
        generator = torch.Generator().manual_seed(seed)
        batch = Batch.of(train, schema)
        model = build(batch, schema, generator)
        watched = Batch.of(validation, schema)
        steps = math.ceil(len(batch) / self.training.batch_rows)
        terms: list[Term] = []
        balance: Balance = torch.sum
        if self.alignment is not None:
            check_domains(train)
            terms = [self.alignment.term(model.width(batch), self.training.epochs * steps, generator)]
            balance = self.alignment.balance()
        terms += more_terms(model, steps)
        name = f"rank: {self.kind}"
        epochs = train_model(model, batch, watched, self.training, generator, progress, name, terms, balance)
        return epochs, model, Shape.of(batch, schema)

    def network(self, train: Batch, schema: Schema, generator: torch.Generator) -> RankerNetwork:
        """The untrained network as it is trained and served: with the shared tower, where there is one."""
        model = self.build(train, schema, generator)
        return model if self.alignment is None else self.alignment.network(model, train, generator)

    @abstractmethod
    def build(self, train: Batch, schema: Schema, generator: torch.Generator) -> RankerNetwork:
        """The untrained network; ``train`` gives it scales."""

    def restore(self, folder: Path, about: SavedRanker) -> FittedRanker:
        shape, model = read_network(folder, self.network)
        return FittedNetwork(self, about.layout, about.rounds, model, shape)


class FittedNetwork(FittedRanker):
    """A trained module and the shape of its inputs."""

    def __init__(
        self,
        ranker: Ranker,
        layout: tuple[tuple[Any, ...], ...],
        epochs: int,
        model: RankerNetwork,
        shape: Shape,
    ) -> None:
        super().__init__(ranker, layout, epochs)
        self.model, self.shape = model, shape

    def _predict(self, inputs: Inputs) -> F32:
        found = np.empty(len(inputs), np.float32)
        self.model.eval()
        with torch.inference_mode():
            for start in range(0, len(inputs), TENSOR_ROWS):
                rows = slice(start, start + TENSOR_ROWS)
                part = inputs if len(inputs) <= TENSOR_ROWS else inputs.take(rows)
                logits = score_batches(self.model, Batch.of(part, self.shape.schema))
                found[rows] = torch.sigmoid(logits).numpy()
        return found

    def _save(self, folder: Path) -> None:
        write_network(folder, self.model, self.shape)
