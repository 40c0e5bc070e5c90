"""A ranker that is a torch module: from inputs to batches, through the loop, to probabilities."""

from abc import abstractmethod

import torch
from pydantic import Field

from embedding_features.arrays import F32
from embedding_features.progress import Progress
from ranking.inputs import Inputs
from ranking.models.base import FittedRanker, Ranker
from ranking.models.module import RankerNetwork
from ranking.models.schema import Schema
from ranking.models.tensors import Batch
from ranking.training import Training, score_batches, train_model

__all__ = ["FittedNetwork", "NetworkRanker", "RankerNetwork"]


class NetworkRanker(Ranker):
    """Settings that deep rankers share.

    Attributes:
        id_dropout: chance that a training row's user or item id counts as unknown
            (:class:`ranking.models.parts.SparseArch`).
    """

    dim: int = Field(default=8, ge=1)
    id_dropout: float = Field(default=0.5, ge=0, le=1)
    training: Training = Training()

    def _fit(self, train: Inputs, validation: Inputs, seed: int, progress: Progress) -> FittedRanker:
        schema = Schema.of(train)
        generator = torch.Generator().manual_seed(seed)
        batch = Batch.of(train, schema)
        model = self.build(batch, schema, generator)
        watched = Batch.of(validation, schema)
        epochs = train_model(
            model, batch, watched, self.training, generator, progress, name=f"rank: {self.kind}"
        )
        return FittedNetwork(train, epochs, model, schema)

    @abstractmethod
    def build(self, train: Batch, schema: Schema, generator: torch.Generator) -> RankerNetwork:
        """The untrained network; ``train`` gives it scales."""


class FittedNetwork(FittedRanker):
    """A trained module and the shape of its inputs."""

    def __init__(self, inputs: Inputs, epochs: int, model: RankerNetwork, schema: Schema) -> None:
        super().__init__(inputs, epochs)
        self.model, self.schema = model, schema

    def _predict(self, inputs: Inputs) -> F32:
        logits = score_batches(self.model, Batch.of(inputs, self.schema))
        probabilities: F32 = torch.sigmoid(logits).numpy()
        return probabilities
