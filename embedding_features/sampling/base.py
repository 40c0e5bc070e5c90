"""The interface of samplers, which draw the examples of each training step."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from torch import Tensor

from embedding_features.config import METHOD_PLUG_INS, Part
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.sampling.blocks import Blocks


class Histories(NamedTuple):
    """Holds what sources did, one history a row, which ends in the last column; before it is padding.

    Attributes:
        items: [histories, length] int64 rows of the view, -1 in padding.
        actions: [histories, length] int64 numbers of the view's relations.
        times: [histories, length] int64 µs.
        anchors: [batch] int64 which history each anchor of a step has.
        places: [batch] int64 the column of its last event that an anchor knows.
    """

    items: Tensor
    actions: Tensor
    times: Tensor
    anchors: Tensor
    places: Tensor

    def to(self, device: str) -> "Histories":
        """Return the same histories on another device."""
        return Histories(*(part.to(device) for part in self))


class Examples(NamedTuple):
    """Holds the rows of one training step, all in rows of the view.

    Attributes:
        src: [batch] int64 anchors.
        dst: [batch] int64 positives, each joined to its anchor.
        negatives: int64 rows of dst's own node type: [batch, count], [count] that the batch shares, or
            [chunks, count], of which each chunk of the batch shares one row (:func:`torch.tensor_split`).
        relation: [batch] int64 numbers of relations; None where there is one alone.
        weight: [batch] float32 of each example in the loss; None for all alike.
        of: [positives] int64, ascending, which anchor each of several positives is of: then ``dst`` and
            ``weight`` are [positives]. Shared negatives of queries hold all positives too, ascending. None:
            an anchor has one positive.
        chances: [count] float32, of each shared negative to be among them, or how often it is expected to;
            None where all nodes are, or nobody asks.
        left_out: [2, n] int64: rows of the batch, ascending, and columns of the shared negatives that are no
            negatives of theirs. None: those that are the positive itself.
        degrees: [batch + positives + count] float32 numbers of edges of the anchors, the positives and the
            shared negatives, one after the other; None where nobody asks.
        epoch: [] int64, the epoch from 1, for losses whose weight changes; None where the sampler says none.
        histories: of the anchors, up to where each may look; None: their encoder knows what they did.
        hard: [batch, n] int64 rows of dst's own node type, negatives of one anchor each beside those that
            the batch shares; None without any.
        blocks: what the nodes of the step are computed of, where neighbourhoods are sampled; None where the
            network takes whole layers, or samples by itself.
    """

    src: Tensor
    dst: Tensor
    negatives: Tensor
    relation: Tensor | None = None
    weight: Tensor | None = None
    of: Tensor | None = None
    chances: Tensor | None = None
    left_out: Tensor | None = None
    degrees: Tensor | None = None
    epoch: Tensor | None = None
    histories: Histories | None = None
    hard: Tensor | None = None
    blocks: Blocks | None = None

    def to(self, device: str) -> "Examples":
        """Return the same rows on another device."""
        held = {name: field for name, field in self._asdict().items() if field is not None}
        return self._replace(**{name: field.to(device) for name, field in held.items()})


class Sampler(Part):
    """Draws batches of examples.

    An epoch depends on the seed and its number alone, so a resumed run sees the same batches.

    Attributes:
        weights: how it uses the view's weights; by default it takes every pair for a like.
    """

    plug_ins: ClassVar[str] = METHOD_PLUG_INS
    weights: ClassVar[WeightUse] = "ignored"

    @abstractmethod
    def steps(self, view: GraphView, batch_size: int) -> int:
        """Return the number of batches of an epoch."""

    @abstractmethod
    def epoch(self, view: GraphView, batch_size: int, *, seed: int, epoch: int) -> Iterator[Examples]:
        """Yield the batches of one epoch, at most ``batch_size`` positive examples each.

        Args:
            view: whose edges are positive.
            batch_size: positive examples in a batch.
            seed: of the run.
            epoch: number of the epoch, from 1.
        """
