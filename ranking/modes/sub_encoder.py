"""A pretrained encoder as a part of a ranker's network: its vectors by id, what it may learn, and when."""

from dataclasses import replace
from typing import NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from embedding_features.arrays import I64
from embedding_features.config import Config
from ranking.models.module import OwnRate, RankerNetwork
from ranking.models.tensors import Batch
from ranking.modes.node_index import NodeIndex


class FineTuning(Config):
    """How an encoder learns inside a ranker.

    Attributes:
        learning_rate: of its parameters; a tenth of the network's by default.
        l2_sp: α of L2-SP, α/2 |w − w⁰|² towards the pretrained parameters w⁰ (Li, Grandvalet & Davoine,
            Explicit Inductive Bias for Transfer Learning with Convolutional Networks, ICML 2018, eq. 2).
        after: epochs for which the whole encoder stays frozen.
        every: epochs after which one more layer learns, from the last to the first (gradual unfreezing:
            Howard & Ruder, Universal Language Model Fine-tuning for Text Classification, ACL 2018).
    """

    learning_rate: float = Field(default=2e-4, gt=0)
    l2_sp: float = Field(default=1e-2, ge=0)
    after: int = Field(default=1, ge=0)
    every: int = Field(default=1, ge=1)


class ComputedVector(NamedTuple):
    """A vector field that the encoder computes: its column, its node type's number, its id's key column."""

    column: int
    side: int
    key: int


def layers(encoder: nn.Module) -> list[list[nn.Parameter]]:
    """Parameters from the last layer to the first: children in reverse, then what is the network's own,
    which is its layer 0."""
    children = [list(child.parameters()) for child in encoder.children()]
    own = list(encoder.parameters(recurse=False))
    return [parameters for parameters in (*reversed(children), own) if parameters]


class SubEncoder(OwnRate):
    """An encoder with the ids of its nodes.

    Args:
        encoder: as :func:`.load_encoder` returns it.
        keys: [nodes] keys of each of its node types, in its order.
        places: the vector fields it computes.
        tuning: None for a frozen one.
    """

    def __init__(
        self, encoder: nn.Module, keys: list[I64], places: list[ComputedVector], tuning: FineTuning | None
    ) -> None:
        super().__init__(tuning.learning_rate if tuning else 0.0, 0.0)
        self.encoder, self.places, self.tuning = encoder, places, tuning
        self.index = nn.ModuleList(NodeIndex(of_type) for of_type in keys)
        self.steps = 0
        self._kept: list[Tensor] | None = None
        for parameter in encoder.parameters():
            parameter.requires_grad_(False)
        self._pretrained = [(p, p.detach().clone()) for p in encoder.parameters()]
        self.register_load_state_dict_post_hook(lambda *_: self.forget())  # type: ignore[no-untyped-call]

    def forget(self) -> None:
        """Compute the vectors anew when they are next needed: parameters or graph have changed."""
        self._kept = None

    def train(self, mode: bool = True) -> "SubEncoder":
        """See ``nn.Module``. Vectors are kept only while no parameter can move."""
        if self.tuning is not None:
            self.forget()
        return super().train(mode)

    def advance(self, steps_an_epoch: int) -> None:
        """Count a training step, and let layers learn whose time has come."""
        if self.tuning is not None:
            epoch = self.steps // steps_an_epoch
            for number, parameters in enumerate(layers(self.encoder)):
                if epoch >= self.tuning.after + number * self.tuning.every:
                    for parameter in parameters:
                        parameter.requires_grad_(True)
        self.steps += 1

    def pull(self, representation: Tensor, batch: Batch) -> Tensor:  # noqa: ARG002
        """α/2 |w − w⁰|² of the parameters that learn: a term of the loss."""
        total = torch.zeros(())
        for parameter, pretrained in self._pretrained:
            if parameter.requires_grad:
                total = total + (parameter - pretrained).square().sum()
        return total * (self.tuning.l2_sp / 2 if self.tuning else 0.0)

    def tables(self) -> list[Tensor]:
        """Of each node type [nodes + 1, dim]: zeros, then the encoder's vectors."""
        learns = torch.is_grad_enabled() and any(p.requires_grad for p in self.encoder.parameters())
        if learns:
            return with_absent(list(self.encoder().values()))
        if self._kept is None:
            with torch.no_grad():
                self._kept = with_absent(list(self.encoder().values()))
        return self._kept

    def computed(self, batch: Batch, tables: list[Tensor] | None = None) -> Batch:
        """The batch with the encoder's vectors in the place of those it came with."""
        tables = self.tables() if tables is None else tables
        columns, held = list(batch.rows.unbind(1)), list(batch.tables)
        for place in self.places:
            columns[place.column] = self.index[place.side](batch.keys[:, place.key])
            held[place.column] = tables[place.side]
        return replace(batch, rows=torch.stack(columns, 1), tables=tuple(held))


class SubModelNetwork(RankerNetwork):
    """A ranker that reads an encoder's vectors: b rows, through the encoder, then the ranker."""

    def __init__(self, ranker: RankerNetwork, sub: SubEncoder) -> None:
        super().__init__()
        self.ranker, self.sub = ranker, sub
        self.steps_an_epoch = 1

    def represent(self, batch: Batch) -> Tensor:
        if self.training:
            self.sub.advance(self.steps_an_epoch)
        return self.ranker.represent(self.sub.computed(batch))

    def head(self, representation: Tensor) -> Tensor:
        return self.ranker.head(representation)


def with_absent(sides: list[Tensor]) -> list[Tensor]:
    """Tables whose row 0 is of the absent."""
    return [torch.cat([side.new_zeros(1, side.shape[1]), side]) for side in sides]
