"""The JSON answers of the service, and how scored items become one.

The docstrings of the answer types are their descriptions in ``/openapi.json``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from typing_extensions import TypedDict

from embedding_features.arrays import F32, Bool
from ranking.service.request_events import SeenEvents
from ranking.task.task import Side


class Found(TypedDict):
    """Which ids had pretrained features; null where the bundle reads none of that side."""

    user: bool | None
    items: list[bool] | None


class EventCounts(TypedDict):
    """How many events before the request the fresh figures of each id rest on; those of 0 are its prior's.

    Null where the bundle reads no fresh figures of that side.
    """

    user: int | None
    items: list[int] | None


class RankAnswer(TypedDict):
    """Items and, beside them, their calibrated probabilities.

    ``missing`` are raw columns scored as unknown because no source gave them, ``unread`` those of the request
    that the bundle does not read from there. ``degraded``: scored without the online store.
    """

    items: list[int] | list[str]
    scores: list[float]
    found: Found
    events: EventCounts
    degraded: bool
    missing: list[str]
    unread: list[str]
    bundle: str
    request_id: str


class RecommendAnswer(RankAnswer):
    """The best first, ``candidates`` of which were ranked.

    ``source`` is where they came from: the user's vector (``recall``), the list for users without one
    (``popular``), or nowhere (``none``).
    """

    source: Literal["recall", "popular", "none"]
    candidates: int


class Neighbours(TypedDict):
    """The nearest of one query, the best first; none of an id without a vector."""

    ids: list[int] | list[str]
    scores: list[float]


class RecallAnswer(TypedDict):
    """One entry for each query, in their order."""

    results: list[Neighbours]
    request_id: str


class PinnedView(TypedDict):
    """A published run that the bundle's features come from."""

    view: str
    version: int
    run_id: str


class Columns(TypedDict):
    """Where raw columns that are no graph features come from.

    ``request``: they must come with a request, or are scored as unknown; ``store``: from Feast where a
    request does not give them. ``missing``: in how many requests a column came from nowhere.
    """

    request: list[str]
    store: list[str]
    missing: dict[str, int]


class HealthAnswer(TypedDict):
    """That the service lives, and what it serves."""

    status: Literal["ok", "degraded"]
    bundle: str
    ranker: str
    pins: list[PinnedView]
    store_reachable: bool
    columns: Columns
    request_id: str


class ReloadAnswer(TypedDict):
    """Which bundle serves now, and which did before; the same where nothing changed."""

    bundle: str
    before: str
    changed: bool
    request_id: str


@dataclass(frozen=True)
class Scored:
    """A request's items with their scores, and what is to be said of how they were made.

    Attributes:
        bundle: digest of the bundle that scored.
        scores: [n] calibrated probabilities, beside ``items``.
        user_found: whether the user had pretrained features; None where the bundle reads none of users.
        items_found: [n] the same of each item; None where the bundle reads none of items.
        missing: raw columns that no source gave.
        unread: columns of the request that the bundle does not read from there.
        degraded: whether they were scored without the online store.
        events: side → the events that fresh figures rest on, of each side that the bundle reads them of.
    """

    bundle: str
    items: Sequence[Any]
    scores: F32
    user_found: bool | None
    items_found: Bool | None
    missing: list[str]
    unread: list[str]
    degraded: bool
    events: Mapping[Side, SeenEvents]

    def best_first(self) -> list[int]:
        """Return the positions of the items by falling score; equal scores stay in the request's order."""
        order: list[int] = np.argsort(-self.scores, kind="stable").tolist()
        return order


def rank_answer(scored: Scored, order: Sequence[int], request_id: str) -> RankAnswer:
    """Return the answer that names the items at these positions, in this order."""
    positions = list(order)
    items_found = None if scored.items_found is None else scored.items_found[positions].tolist()
    return RankAnswer(
        items=[scored.items[position] for position in positions],
        scores=scored.scores[positions].tolist(),
        found=Found(user=scored.user_found, items=items_found),
        events=_event_counts(scored, positions),
        degraded=scored.degraded,
        missing=scored.missing,
        unread=scored.unread,
        bundle=scored.bundle,
        request_id=request_id,
    )


def _event_counts(scored: Scored, positions: Sequence[int]) -> EventCounts:
    user, items = scored.events.get("user"), scored.events.get("item")
    return EventCounts(
        user=None if user is None else int(user.counts[0]),
        items=None if items is None else items.counts[positions].tolist(),
    )
