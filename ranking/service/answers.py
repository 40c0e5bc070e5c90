"""What is answered, as JSON."""

from typing import Literal

from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12


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
