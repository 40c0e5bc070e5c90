"""The recipe ``encoder``: what the published network makes of a node's likes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from embedding_features.arrays import F32, F64, I64
from embedding_features.artifact.metric import Metric, row_scores
from embedding_features.artifact.snapshot import Snapshot
from embedding_features.fresh.levels import least_likes, read_levels
from embedding_features.fresh.recipes.base import Recipe
from embedding_features.fresh.tables import check_dims
from embedding_features.fresh.walk import Walk
from embedding_features.fresh.windows_kernel import Readings, fill_windows, longest
from embedding_features.graph.sequences import Windows

if TYPE_CHECKING:
    from embedding_features.encoders import HistoryNetwork

#: histories that a network reads at a time
_CHUNK = 1024


@dataclass(frozen=True)
class EncoderRecipe(Recipe):
    """Gives the node's vector by the network that made the snapshot, and the candidate's score by it.

    The network reads the node's newest likes, of several of one pair the last, as it read histories when it
    was trained: of the events that the snapshot was made from its vector is the stored one. An event is a
    like by :func:`.least_likes`; all count as of the network's first relation.

    Figures: ``vector``; ``score`` by the method's metric, NaN where the other node has no vector; ``events``
    that were read.

    Attributes:
        networks: of each snapshot.
        tables: of each, the other side's vectors.
        metric: of the vectors.
        like: [snapshots] an event of a value above it is a like.
        node_type: whose events there are.
        other: the node type that events are with.
    """

    name: ClassVar[str] = "encoder"
    networks: "Sequence[HistoryNetwork]"
    tables: Sequence[F32]
    metric: Metric
    like: F64
    node_type: str
    other: str

    @classmethod
    def read(cls, snapshots: Sequence[Snapshot], node_type: str, other: str) -> Self | None:
        """Read the networks; None where a snapshot has none that reads histories of the node type.

        Raises:
            CompatibilityError: when snapshots differ in dim.
            SnapshotError: when a file is damaged.
        """
        tables = [snapshot.vectors(other).vectors for snapshot in snapshots]
        check_dims(tables)
        networks = [one for one in (_reader(snapshot, node_type) for snapshot in snapshots) if one]
        if len(networks) < len(snapshots):
            return None
        return cls(
            networks=networks,
            tables=tables,
            metric=snapshots[0].manifest.space.metric,
            like=least_likes(read_levels(snapshots, node_type), len(snapshots)),
            node_type=node_type,
            other=other,
        )

    def rows(self, walk: Walk) -> Mapping[str, F64]:
        """Return the figures."""
        n, dim = len(walk.time), self.tables[0].shape[1]
        score, events, vector = np.full(n, np.nan), np.full(n, np.nan), np.full((n, dim), np.nan)
        for at, table in enumerate(self.tables):
            for rows, read, places in _readings(walk, at):
                made, likes = self._read(walk, at, read)
                vector[rows], events[rows] = made[places], likes[places]
                entry = walk.entry[at, walk.other[rows]]
                there = rows[entry >= 0]
                score[there] = row_scores(
                    vector[there].astype(np.float32), table[entry[entry >= 0]], self.metric
                )
        return {"score": score, "events": events, "vector": vector}

    def _read(self, walk: Walk, at: int, read: Readings) -> tuple[F64, I64]:
        """Return [n, dim] what the network makes of each reading, and [n] the number of its likes."""
        import torch

        network = self.networks[at]
        items = np.full((len(read.node), max(longest(walk, read), 1)), -1)
        times = np.zeros_like(items)
        fill_windows(walk, at, read, self.like[at], items, times)
        own = walk.own[at, read.node]
        windows = Windows(
            np.where(items < 0, -1, items + network.first_row(self.other)), np.zeros_like(items), times
        )
        with torch.no_grad():
            own_rows = torch.from_numpy(np.where(own < 0, -1, own + network.first_row(self.node_type)))
            made = network.of_histories(windows, own_rows) @ network.rotation
        return made.numpy(), (items >= 0).sum(1)


def _reader(snapshot: Snapshot, node_type: str) -> "HistoryNetwork | None":
    """Return a snapshot's network in double precision: what is read beside a history then moves nothing."""
    from embedding_features.encoders.history_network import HistoryNetwork

    network = snapshot.encoder()
    if not isinstance(network, HistoryNetwork) or network.source_type != node_type:
        return None
    return network.double()


def _readings(walk: Walk, at: int) -> Iterator[tuple[I64, Readings, I64]]:
    """Yield of the rows that see a snapshot: some rows, what is read for them, and which reading is whose."""
    asked = np.flatnonzero(walk.snapshot[walk.asked] == at)
    node = np.searchsorted(walk.asked_begin, asked, side="right") - 1
    pairs = np.stack([node, walk.earlier[asked]], axis=1)
    new = np.ones(len(pairs), np.bool_)
    new[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)  # those of a node come by time
    reading = np.cumsum(new) - 1
    for start in range(0, int(new.sum()), _CHUNK):
        some = np.flatnonzero((reading >= start) & (reading < start + _CHUNK))
        node_ends = pairs[some[new[some]]]
        read = Readings(np.ascontiguousarray(node_ends[:, 0]), np.ascontiguousarray(node_ends[:, 1]))
        yield walk.asked[asked[some]], read, reading[some] - start
