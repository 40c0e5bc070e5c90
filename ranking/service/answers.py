"""What is answered, as JSON, and how scored items become an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from typing_extensions import TypedDict

from ranking.service.reading import ReadColumns
from ranking.service.served_bundle import Scored, ServedBundle
from ranking.task.task import SIDES


class Found(TypedDict):
    """Which ids had pretrained features; null where the bundle reads none of that side."""

    user: bool | None
    items: list[bool] | None


class RankAnswer(TypedDict):
    """Items and, beside them, their calibrated probabilities.

    ``missing`` are raw columns scored as unknown because no source gave them, ``unread`` those of the request
    that the bundle does not read from there. ``degraded``: scored without the online store.
    """

    items: list[int] | list[str]
    scores: list[float]
    found: Found
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


class ErrorAnswer(TypedDict):
    """What was wrong, and what to do about it."""

    error: str
    fix: str
    request_id: str


@dataclass(frozen=True)
class RankedItems:
    """Items, what was read of them, and their scores.

    Attributes:
        degraded: whether they were scored without the online store.
    """

    loaded: ServedBundle
    items: Sequence[Any]
    read: ReadColumns
    scored: Scored
    degraded: bool

    def best(self) -> list[int]:
        """Places by score downwards, equal ones as they were asked for."""
        order: list[int] = np.argsort(-self.scored.scores, kind="stable").tolist()
        return order

    def answer(self, order: Sequence[int], request_id: str) -> RankAnswer:
        """The answer of some places, in an order."""
        scores, found = self.scored.scores.tolist(), self._found()
        of_items = found["items"]
        if of_items is not None:
            found["items"] = [of_items[place] for place in order]
        return RankAnswer(
            items=[self.items[place] for place in order],
            scores=[scores[place] for place in order],
            found=found,
            degraded=self.degraded,
            missing=self.scored.missing,
            unread=self.scored.unread,
            bundle=self.loaded.digest,
            request_id=request_id,
        )

    def _found(self) -> Found:
        """Whether the user, and each item, had pretrained features; None where the bundle reads none."""
        nothing = np.zeros(len(self.items), np.bool_)
        user, items = (self.read.found.get(side, nothing) for side in SIDES)
        reads_user, reads_items = (self.loaded.plan.reads(side) for side in SIDES)
        return Found(
            user=bool(user.any()) if reads_user else None, items=items.tolist() if reads_items else None
        )
