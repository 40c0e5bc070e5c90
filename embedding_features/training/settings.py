"""Settings of the training loop."""

import re
from typing import Annotated, Literal

import torch
from pydantic import Field, model_validator

from embedding_features.config import Config
from embedding_features.errors import TrainingError
from embedding_features.training.row_adagrad import RowAdagrad


class Adam(Config):
    """Settings of the Adam optimizer (Kingma & Ba 2015).

    Attributes:
        lr: learning rate; lower it where the loss diverges.
    """

    kind: Literal["adam"] = "adam"
    lr: float = Field(default=1e-3, gt=0)

    def build(self, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
        """Build the optimizer of ``parameters``."""
        return torch.optim.Adam(parameters, lr=self.lr, fused=True)


class Adagrad(Config):
    """Settings of the Adagrad optimizer (Duchi, Hazan & Singer 2011).

    Attributes:
        lr: learning rate; lower it where the loss diverges.
    """

    kind: Literal["adagrad"] = "adagrad"
    lr: float = Field(default=0.1, gt=0)

    def build(self, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
        """Build the optimizer of ``parameters``, which takes gradients of some rows alone as well."""
        if parameters[0].device.type == "cpu":
            return RowAdagrad(parameters, lr=self.lr)
        return torch.optim.Adagrad(parameters, lr=self.lr)


class Training(Config):
    """Settings of the loop.

    Attributes:
        optimizer: its kind and learning rate.
        lr_decay: ``"linear"`` lets the learning rate fall to 0 over all steps of all epochs.
        batch_size: positive examples, or queries, in a step. Larger ones are faster where every step
            propagates over the whole graph, at some loss of quality.
        epochs: at most so many passes over the pairs.
        early_stop: figure on a validation split of the graph; training stops when it has not risen for
            ``patience`` checks, and the weights of its best check are kept. ``"recall@20"`` and
            ``"ndcg@20"``, with any cut-off, are of retrieval by the view's first relation; ``"mrr"`` of the
            filtered ranks of both ends of edges of all relations; ``"auc"`` of such edges against random
            ones; ``"micro_f1:RELATION"`` of labels read from the vectors, the relation from nodes to labels
            being none that is learned from. None trains for ``epochs`` on every edge and keeps the last
            weights.
        validation: share of the edges held out for it, drawn at random; of retrieval also ``"last"``, the
            edges of each source's last moment, as leave-one-out has it.
        evaluate_every: epochs between two checks.
        patience: checks without a rise after which training stops.
        checkpoint_every: epochs between two checkpoints, where a folder for them is given.
        device: ``"auto"`` is cuda where there is one, else cpu.
    """

    optimizer: Annotated[Adam | Adagrad, Field(discriminator="kind")] = Adam()
    lr_decay: Literal["none", "linear"] = "none"
    batch_size: int = Field(default=2048, ge=1)
    epochs: int = Field(default=100, ge=1)
    early_stop: str | None = Field(
        default="recall@20", pattern=r"^((recall|ndcg)@[1-9]\d*|mrr|auc|micro_f1:.+)$"
    )
    validation: Annotated[float, Field(gt=0, lt=1)] | Literal["last"] = 0.05
    evaluate_every: int = Field(default=5, ge=1)
    patience: int = Field(default=4, ge=1)
    checkpoint_every: int = Field(default=5, ge=1)
    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")

    @model_validator(mode="after")
    def _last_is_of_retrieval(self) -> "Training":
        if self.validation == "last" and not re.match("recall|ndcg", self.early_stop or ""):
            raise ValueError(f'validation: "last" holds out for recall@k or ndcg@k, not {self.early_stop}')
        return self


def resolve_device(device: str) -> str:
    """Return the device to train on.

    Raises:
        TrainingError: when cuda is asked for and there is none.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if re.match("cuda", device) and not torch.cuda.is_available():
        raise TrainingError(f"no device {device!r} here", fix="set device: auto or cpu")
    return device
