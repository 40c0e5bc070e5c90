"""A pretrained encoder as a part of a ranker's network: its vectors by id, what it may learn, and when."""

from dataclasses import replace

import torch
from pydantic import Field
from torch import Tensor, nn
from typing_extensions import override

from embedding_features.arrays import I64
from embedding_features.artifact import Network
from embedding_features.config import Config
from ranking.models.module import OwnRate, RankerNetwork
from ranking.models.tensors import Batch
from ranking.modes.computed_vectors import ComputedVector
from ranking.modes.node_index import NodeIndex


class FineTuning(Config):
    """Says how an encoder learns inside a ranker.

    Attributes:
        learning_rate: of the encoder's parameters; a tenth of the network's by default.
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


def layers(encoder: nn.Module) -> list[list[nn.Parameter]]:
    """Return an encoder's parameters by layer, from the last to the first.

    The layers are its children in reverse, then its own parameters, which are its layer 0.
    """
    children = [list(child.parameters()) for child in encoder.children()]
    own = list(encoder.parameters(recurse=False))
    return [parameters for parameters in (*reversed(children), own) if parameters]


class SubEncoder(OwnRate):
    """A pretrained encoder with the ids of its nodes: gives rows their vectors, and learns layer by layer.

    Args:
        encoder: as :func:`.load_encoder` returns it.
        keys: [nodes] keys of each of its node types, in its order.
        computed_vectors: the vector fields it computes.
        tuning: how it learns; None keeps it frozen.
    """

    def __init__(
        self,
        encoder: Network,
        keys: list[I64],
        computed_vectors: list[ComputedVector],
        tuning: FineTuning | None,
    ) -> None:
        super().__init__(tuning.learning_rate if tuning else 0.0, 0.0)
        self.encoder, self.computed_vectors, self.tuning = encoder, computed_vectors, tuning
        self.index = nn.ModuleList(NodeIndex(of_type) for of_type in keys)
        self.steps = 0
        self._kept_tables: list[Tensor] | None = None
        for parameter in encoder.parameters():
            parameter.requires_grad_(False)
        self._pretrained = [(p, p.detach().clone()) for p in encoder.parameters()]
        self.register_load_state_dict_post_hook(lambda *_: self.forget())  # type: ignore[no-untyped-call]

    def forget(self) -> None:
        """Compute the vectors anew when they are next needed: parameters or graph have changed."""
        self._kept_tables = None

    def train(self, mode: bool = True) -> "SubEncoder":
        """Set the mode, as ``nn.Module`` does; vectors are kept only while no parameter can move."""
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

    def l2_sp(self, representation: Tensor, batch: Batch) -> Tensor:  # noqa: ARG002
        """Return α/2 |w − w⁰|² of the parameters that learn, a term of the loss."""
        total = torch.zeros(())
        for parameter, pretrained in self._pretrained:
            if parameter.requires_grad:
                total = total + (parameter - pretrained).square().sum()
        return total * (self.tuning.l2_sp / 2 if self.tuning else 0.0)

    def tables(self) -> list[Tensor]:
        """Return of each node type [nodes + 1, dim]: zeros, then the encoder's vectors."""
        learns = torch.is_grad_enabled() and any(p.requires_grad for p in self.encoder.parameters())
        if learns:
            return with_absent(list(self.encoder().values()))
        if self._kept_tables is None:
            with torch.no_grad():
                self._kept_tables = with_absent(list(self.encoder().values()))
        return self._kept_tables

    def with_vectors(self, batch: Batch, tables: list[Tensor] | None = None) -> Batch:
        """Return the batch with the encoder's vectors (by default :meth:`tables`) in the place of its own."""
        tables = self.tables() if tables is None else tables
        columns, held = list(batch.rows.unbind(1)), list(batch.tables)
        for vector in self.computed_vectors:
            columns[vector.column] = self.index[vector.table](batch.keys[:, vector.key])
            held[vector.column] = tables[vector.table]
        return replace(batch, rows=torch.stack(columns, 1), tables=tuple(held))


class SubModelNetwork(RankerNetwork):
    """A ranker's network that reads an encoder's vectors.

    Args:
        ranker: the network around the encoder.
        sub: the encoder.

    Attributes:
        steps_an_epoch: training steps of an epoch, by which layers learn one after another.
    """

    def __init__(self, ranker: RankerNetwork, sub: SubEncoder) -> None:
        super().__init__()
        self.ranker, self.sub = ranker, sub
        self.steps_an_epoch = 1

    @override
    def represent(self, batch: Batch) -> Tensor:
        if self.training:
            self.sub.advance(self.steps_an_epoch)
        return self.ranker.represent(self.sub.with_vectors(batch))

    @override
    def head(self, representation: Tensor) -> Tensor:
        return self.ranker.head(representation)


def with_absent(tables: list[Tensor]) -> list[Tensor]:
    """Return the tables with a row 0 of zeros before them, which is of ids that are no node."""
    return [torch.cat([table.new_zeros(1, table.shape[1]), table]) for table in tables]
