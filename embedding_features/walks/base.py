"""The interface of walks: settings that are laid over a graph, and the walker that this makes."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar, final

import numpy as np
from pydantic import Field

from embedding_features.arrays import I32, I64
from embedding_features.config import Part
from embedding_features.errors import GraphError
from embedding_features.graph.view import GraphView
from embedding_features.walks.draws import Purpose, key_of


class Walks(Part):
    """Says how walks go; each kind has an ``over``, which returns a :class:`Walker`.

    Attributes:
        length: nodes of a walk, its start included.
    """

    length: int = Field(default=80, ge=1)

    @abstractmethod
    def over_view(self, view: GraphView) -> tuple["Walker", tuple[str, ...]]:
        """Return the walker over a view, and the node types in the order of its rows.

        Raises:
            GraphError: when the view has not what the walks go along.
        """


@dataclass(frozen=True, kw_only=True)
class Walker(ABC):
    """Draws walks over one graph.

    Attributes:
        length: nodes of a walk, its start included.
        starts: [n] int32 rows from which walks start: those that an edge leaves. Below ``origins``.
        spans: [types + 1] int64 where the rows of each node type begin; the last is the number of rows.
    """

    length: int
    starts: I32
    spans: I64

    @property
    def rows(self) -> int:
        """The number of nodes of all types."""
        return int(self.spans[-1])

    @property
    def origins(self) -> int:
        """The number of what a walk can start from: the nodes, unless a walker has starts of its own."""
        return self.rows

    @final
    def draw(self, starts: I32 | I64, *, seed: int, number: int = 0) -> I32:
        """Draw one walk from each start.

        Args:
            starts: [n] rows; a row given twice gives the same walk twice.
            seed: of all draws.
            number: which of its start's walks each is, from 0.

        Returns:
            [n, length] int32 rows, -1 behind the end of a walk that no edge leads on. A walk is a function of
            seed, start and number: neither threads nor the other starts change it.

        Raises:
            ConfigError: when the seed is negative.
            GraphError: when a start is no row.
        """
        if len(starts) and (starts.min() < 0 or starts.max() >= self.origins):
            raise GraphError(f"starts {starts.min()}..{starts.max()} outside rows 0..{self.origins - 1}")
        walks = np.full((len(starts), self.length), -1, np.int32)
        self._draw(np.ascontiguousarray(starts, np.int32), key_of(seed, Purpose.STEPS), number, walks)
        return walks

    def rounds(self, count: int, *, seed: int, batch: int, first: int = 0) -> Iterator[I32]:
        """Yield ``count`` walks from each start, in batches; a round passes all starts in random order.

        Args:
            count: walks from each start.
            seed: of orders and walks.
            batch: walks that are in memory at a time; it changes nothing but that.
            first: number of the first walk among all of these; those before it are left out.
        """
        key = int(key_of(seed, Purpose.ORDER))
        done, skipped = divmod(first, max(1, len(self.starts)))
        for number in range(done, count):
            order = np.random.default_rng((key, number)).permutation(self.starts)
            for begin in range(skipped, len(order), batch):
                yield self.draw(order[begin : begin + batch], seed=seed, number=number)
            skipped = 0

    def fingerprint(self) -> str:
        """Return a SHA-256 (hex); walkers of the same one draw the same walks."""
        digest = hashlib.sha256(type(self).__name__.encode())
        for value in _leaves([getattr(self, field.name) for field in fields(self)]):
            if isinstance(value, np.ndarray):
                digest.update(f"{value.dtype}{value.shape}".encode())
                digest.update(np.ascontiguousarray(value).data)
            else:
                digest.update(repr(value).encode())
        return digest.hexdigest()

    @abstractmethod
    def _draw(self, starts: I32, key: np.uint64, number: int, walks: I32) -> None:
        """Put a walk from each start into ``walks`` [n, length], which holds -1.

        Args:
            starts: [n] rows, checked.
            key: of the seed; see :func:`.walk_state`.
            number: of the walks.
            walks: what is filled in.
        """


def _leaves(value: Any) -> Iterator[Any]:
    """Yield the arrays and numbers of nested tuples and lists."""
    if isinstance(value, (tuple, list)):
        for one in value:
            yield from _leaves(one)
    else:
        yield value


#: a kind of walker
WalkerT = TypeVar("WalkerT", bound=Walker)


def with_types(walker: WalkerT, view: GraphView) -> tuple[WalkerT, tuple[str, ...]]:
    """Return a walker over all rows of a view that knows where each node type begins, and the types."""
    spans = np.concatenate([np.zeros(1, np.int64), np.cumsum(list(view.counts.values()))])
    return replace(walker, spans=spans), tuple(view.nodes)
