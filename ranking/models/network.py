"""Rankers that are torch networks: how they are trained on inputs and score them."""

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field, SerializeAsAny
from typing_extensions import override

from embedding_features.arrays import F32
from embedding_features.progress import Progress
from ranking.inputs.inputs import Inputs
from ranking.models.alignment import DomainAlignment
from ranking.models.alignment.term import check_domains
from ranking.models.base import FittedRanker, Ranker, SavedRanker
from ranking.models.module import RankerNetwork
from ranking.models.pretrained import Pretrained, Projected
from ranking.models.saved_network import Build, Shape, read_network, write_network
from ranking.models.schema import Schema
from ranking.models.tensors import Batch
from ranking.models.training import Balance, RankerTraining, Term, score_batches, train_model

__all__ = ["FittedNetwork", "NetworkRanker", "RankerNetwork"]

#: rows whose tensors are made at once when scoring, which bounds memory
TENSOR_ROWS = 65_536


class NetworkRanker(Ranker):
    """Settings that all rankers share that are torch networks.

    Attributes:
        dim: dimension of the embeddings of ids, codes and pretrained vectors.
        id_dropout: chance that a training row's user or item id counts as unknown (:class:`.SparseArch`);
            raise it where many ids are new when served.
        training: settings of the training loop.
        pretrained: how pretrained vectors become embeddings; by default through a learned projection.
        alignment: draws the representations of two domains' training rows together; None for one domain.
    """

    represents: ClassVar[bool] = True
    dim: int = Field(default=8, ge=1)
    id_dropout: float = Field(default=0.5, ge=0, le=1)
    training: RankerTraining = RankerTraining()
    pretrained: SerializeAsAny[Pretrained] = Projected()
    alignment: SerializeAsAny[DomainAlignment] | None = None

    @override
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
        """Train a network on checked inputs; return the epochs kept, the network and its shape.

        Args:
            train: training rows.
            validation: rows by whose log loss training stops early.
            seed: seed of weights, dropout and the order of rows.
            progress: shows epochs.
            build: makes the untrained network: :meth:`network`, or a function that wraps it.
            more_terms: returns further terms of the loss, given that network and the number of batches in an
                epoch; none by default.
        """
        schema = Schema.of(train)
        generator = torch.Generator().manual_seed(seed)
        batch = Batch.of(train, schema)
        model = build(batch, schema, generator)
        validation_batch = Batch.of(validation, schema)
        steps = math.ceil(len(batch) / self.training.batch_rows)
        terms: list[Term] = []
        balance: Balance = torch.sum
        if self.alignment is not None:
            check_domains(train)
            width = model.representation_width(batch)
            terms = [self.alignment.term(width, self.training.epochs * steps, generator)]
            balance = self.alignment.balance()
        terms += more_terms(model, steps)
        name, settings = f"rank: {self.kind}", self.training
        epochs = train_model(
            model, batch, validation_batch, settings, generator, progress, name, terms, balance
        )
        return epochs, model, Shape.of(batch, schema)

    def network(self, train: Batch, schema: Schema, generator: torch.Generator) -> RankerNetwork:
        """Return the untrained network as it is trained and served: with a shared tower, if there is one."""
        model = self.build(train, schema, generator)
        return model if self.alignment is None else self.alignment.network(model, train, generator)

    @abstractmethod
    def build(self, train: Batch, schema: Schema, generator: torch.Generator) -> RankerNetwork:
        """Return the untrained network of this kind of ranker.

        Args:
            train: training rows, which give the scales of numbers and vectors.
            schema: the fields of those rows.
            generator: draws all weights.
        """

    @override
    def restore(self, folder: Path, about: SavedRanker) -> FittedRanker:
        shape, model = read_network(folder, self.network)
        return FittedNetwork(self, about.layout, about.rounds, model, shape)


class FittedNetwork(FittedRanker):
    """Scores inputs with a trained network.

    Attributes:
        model: the network.
        shape: the sizes it is rebuilt from; :attr:`.Shape.schema` lays out its batches.
    """

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

    @override
    def _predict(self, inputs: Inputs) -> F32:
        scores = np.empty(len(inputs), np.float32)
        self.model.eval()
        with torch.inference_mode():
            for start in range(0, len(inputs), TENSOR_ROWS):
                rows = slice(start, start + TENSOR_ROWS)
                part = inputs if len(inputs) <= TENSOR_ROWS else inputs.take(rows)
                logits = score_batches(self.model, Batch.of(part, self.shape.schema))
                scores[rows] = torch.sigmoid(logits).numpy()
        return scores

    @override
    def _save(self, folder: Path) -> None:
        write_network(folder, self.model, self.shape)
