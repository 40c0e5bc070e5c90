"""The histories that a network reads, saved and loaded with it."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from embedding_features.errors import SnapshotError
from embedding_features.graph.sequences import Sequences, Windows

_NAMES = ("indptr", "items", "actions", "times")


class HistoryBuffers(nn.Module):
    """Holds the last events of each source in buffers.

    Other histories may be set at any time, and loading a saved state sets those that were saved.

    Args:
        events: of all sources.
        length: how many of each are kept.
    """

    def __init__(self, events: Sequences, length: int) -> None:
        super().__init__()
        self.length = length
        self.set(events)

    def set(self, events: Sequences) -> None:
        """Hold the last of these events from now on."""
        self.events = events.last(self.length)
        for name in _NAMES:
            self.register_buffer(name, torch.from_numpy(getattr(self.events, name)))

    def windows(self, first: int, last: int) -> Windows:
        """Return the histories of the sources from ``first`` to before ``last``."""
        indptr = self.events.indptr
        return self.events.windows(indptr[first:last], indptr[first + 1 : last + 1], self.length)

    def edges(self) -> tuple[Tensor, ...]:
        """Return [e] sources, items, actions and times (int64) of all events, those of a source in order."""
        events = self.events
        arrays = events.sources(), events.items, events.actions, events.times
        return tuple(torch.from_numpy(array) for array in arrays)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        if all(prefix + name in state_dict for name in _NAMES):
            events = Sequences(*(state_dict[prefix + name].numpy() for name in _NAMES))
            _check_sound(events)
            self.set(events)
        super()._load_from_state_dict(state_dict, prefix, *args)


def _check_sound(events: Sequences) -> None:
    """Check arrays before rows are taken by them."""
    sound = events.indptr[0] == 0 and (events.counts >= 0).all() and events.indptr[-1] == len(events.items)
    if not sound or len({len(events.items), len(events.actions), len(events.times)}) > 1:
        raise SnapshotError("indptr, items, actions and times are no histories", fix="publish it again")
    if len(events.items) and np.min(events.items) < 0:
        raise SnapshotError("histories of items below 0", fix="publish it again")
