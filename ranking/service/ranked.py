"""Items that a bundle scored, and the answer they make."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ranking.service.answers import Found, RankAnswer
from ranking.service.reading import Read
from ranking.service.served_bundle import Loaded, Scored
from ranking.task.task import SIDES


@dataclass(frozen=True)
class Ranked:
    """Items, what was read of them, and their scores.

    Attributes:
        degraded: whether they were scored without the online store.
    """

    loaded: Loaded
    items: Sequence[Any]
    read: Read
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
