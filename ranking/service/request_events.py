"""The events of a request's nodes: those that it gives, else those that the online store keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from embedding_features.arrays import I64
from embedding_features.fresh import NodeEvents
from embedding_features.store.online_stores.histories.read import EventHistories
from ranking.service.columns import id_array
from ranking.service.subject import RankSubject
from ranking.task.task import Side


@dataclass(frozen=True)
class SeenEvents:
    """Says what a request's fresh figures of one side rest on.

    Attributes:
        counts: [n] events of each node before the request; a node without any has its prior's figures.
        newest_age: seconds from the newest of all of them to the request; None without any.
    """

    counts: I64
    newest_age: float | None

    @classmethod
    def of(cls, histories: EventHistories, moment: int) -> Self:
        """Return what histories say before a moment, µs since 1970."""
        before = histories.times < moment
        counts = np.bincount(histories.rows[before], minlength=len(histories.offsets) - 1)
        newest = histories.times.max(where=before, initial=0)
        return cls(counts, float(moment - newest) / 1e6 if before.any() else None)


def nodes_of(subject: RankSubject, side: Side) -> Sequence[int | str]:
    """Return the ids of a request's user, or of its items."""
    return [subject.user] if side == "user" else subject.items


def given_events(subject: RankSubject, side: Side) -> NodeEvents | None:
    """Return the events of a side that the request brings, which it can of the user alone."""
    return subject.events if side == "user" else None


def histories_of(subject: RankSubject, side: Side, read: Mapping[Side, EventHistories]) -> EventHistories:
    """Return the events of a side's nodes: those given, else those read, else none."""
    given = given_events(subject, side)
    if given is not None:
        return EventHistories(np.array([0, len(given.time)]), given.others, given.value, given.time)
    if side in read:
        return read[side]
    offsets = np.zeros(len(nodes_of(subject, side)) + 1, np.int64)
    return EventHistories(offsets, id_array([]), np.empty(0), np.empty(0, np.int64))
