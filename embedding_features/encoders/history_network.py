"""Networks that make a source's vector of its events alone, and so that of one they were not trained with."""

from abc import abstractmethod

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from embedding_features.encoders.base import Network
from embedding_features.graph.sequences import Windows


class HistoryNetwork(Network):
    """A network that reads histories of sources.

    Of the events that it sees of a source, :meth:`of_histories` makes the source's row of ``vectors``.

    Attributes:
        source_type: whose events they are.
    """

    source_type: str

    @abstractmethod
    def of_histories(self, windows: Windows, own: Tensor) -> Tensor:
        """Return [n, dim] the vectors, before rotation, of sources that have these events and no others.

        Args:
            windows: [n, length] events, each item once; items are rows of the network.
            own: [n] int64 rows of the sources in the network, -1 of one that it was not trained with.
        """

    def first_row(self, node_type: str) -> int:
        """Return where the rows of a node type begin."""
        types = list(self.counts)
        return sum(self.counts[before] for before in types[: types.index(node_type)])


def sum_items(table: Tensor, windows: Windows, first: int) -> tuple[Tensor, Tensor]:
    """Return [n, width] the sums of the rows of histories' items, and [n, 1] their numbers.

    Args:
        table: [items, width] a row for each item.
        windows: [n, length] the histories.
        first: row of the network that is the first of ``table``.
    """
    items = torch.from_numpy(windows.items)
    there = (items >= 0).to(table.dtype)
    sums = embedding_bag((items - first).clamp_min(0), table, per_sample_weights=there, mode="sum")
    return sums, there.sum(1, keepdim=True)
