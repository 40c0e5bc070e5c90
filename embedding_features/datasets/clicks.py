r"""How clicks come about in one domain of a planted world.

At time t, items born by then are shown by popularity, e(i | t). User u clicks on item i with

    p(i | u, t) = e(i | t) · lift(u, i, t)
    lift(u, i, t) = ε + (1 - ε) Σ_k π_uk(t) φ_ik / Σ_j e(j | t) φ_jk

where φ_ik is the item's share of interest k, ε the noise, and π_u(t) = (1 - δτ) π_u(start) + δτ π_u(end) the
user's mixture, drifted by δ as τ goes from 0 to 1. It is drawn exactly: an interest k from the mixture, then
an item by popularity · φ_ik. A logged click stands among m items drawn from e alone, so that the best
possible ranker scores by lift, and P(click | u, i, t, shown) = lift / (lift + m), up to the candidates that
are dropped because they are the clicked item itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import F32, F64, I64, AnyArray
from embedding_features.datasets.pool import Pool
from embedding_features.datasets.population import (
    ACTIVE,
    CLICKS,
    IMPRESSIONS,
    Items,
    Users,
    draw_items,
    stream,
)
from embedding_features.datasets.world import World

#: clicks drawn at a time, and rows of a Parquet row group; part of what a seed means, so not a setting
BLOCK = 1 << 17


@dataclass(frozen=True)
class Clicks:
    """Holds clicks in order of time: positions of users and items, µs after the start, and engagement."""

    user: I64
    item: I64
    time: I64
    weight: F32


@dataclass(frozen=True)
class Impressions:
    """Holds shown items in order of time, as :class:`Clicks` does; ``label`` is 1 where clicked."""

    user: I64
    item: I64
    time: I64
    label: AnyArray


class PlantedDomain:
    """Draws the clicks and impressions of one domain of a planted world.

    Args:
        world: the settings.
        index: which of its domains.
        users: the world's users.
    """

    def __init__(self, world: World, index: int, users: Users) -> None:
        self.world, self.index, self.users = world, index, users
        self.domain = world.domains[index]
        self.items: Items = draw_items(world, self.domain, index)
        self._cumulative = np.cumsum(users.mixtures, axis=2, dtype=np.float32)
        active = stream(world, ACTIVE, index).permutation(world.users)
        active = np.sort(active[: round(world.users * self.domain.users)])
        self._active = Pool(
            np.zeros(len(active), dtype=np.int64), users.born[active], users.activity[active], active
        )
        n = self.domain.items
        born, popularity = self.items.born, self.items.popularity
        self._shown = Pool(np.zeros(n, dtype=np.int64), born, popularity, np.arange(n))
        self._by_interest = Pool(
            self.items.interests.T.ravel(),
            np.tile(born, 2),
            (self.items.shares.T * popularity).ravel(),
            np.tile(np.arange(n), 2),
        )

    def _drifted(self, time: I64) -> F64:
        return self.world.drift * (time / self.world.span_us)

    def interest(self, user: I64, k: AnyArray, time: I64) -> F64:
        """Return π_uk(t), elementwise."""
        drifted = self._drifted(time)
        start, end = self.users.mixtures
        mixed: F64 = (1 - drifted) * start[user, k] + drifted * end[user, k]
        return mixed

    def lift(self, user: I64, item: I64, time: I64) -> F64:
        """Return the lift of the module's formula, elementwise: what an all-knowing ranker scores by."""
        shown = self._shown.total(np.zeros(len(time)), time)
        affinity = np.zeros(len(time))
        for column in (0, 1):
            k = self.items.interests[item, column]
            share = self.items.shares[item, column] * shown / self._by_interest.total(k, time)
            affinity += self.interest(user, k, time) * share
        return self.world.noise + (1 - self.world.noise) * affinity

    def clicks(self) -> Iterator[Clicks]:
        """Yield all clicks of the domain in order of time, ``BLOCK`` at a time; each call gives the same.

        A click's weight is its engagement: Gamma with shape 4, its mean ½ plus the user's share of the
        interest that led to it, and ½ where only popularity did.
        """
        for block, first in enumerate(range(0, self.domain.edges, BLOCK)):
            rng = stream(self.world, CLICKS, self.index, block)
            yield self._block(np.arange(first, min(first + BLOCK, self.domain.edges)), rng)

    def _block(self, numbers: I64, rng: np.random.Generator) -> Clicks:
        n, world = len(numbers), self.world
        # one click in each of as many equal slots: uniform in time, and sorted without a sort over all blocks
        time = ((numbers + rng.random(n)) / self.domain.edges * world.span_us).astype(np.int64)
        time = np.minimum(time, world.span_us - 1)
        user = self._active.draw(np.zeros(n), time, rng.random(n))
        moved = (rng.random(n) < self._drifted(time)).astype(np.int64)
        # a row of running sums may end a hair below 1
        k = (self._cumulative[moved, user] <= rng.random((n, 1))).sum(axis=1).clip(max=world.interests - 1)
        uniform = rng.random(n)
        item = self._by_interest.draw(k, time, uniform)
        by_chance = rng.random(n) < world.noise
        item[by_chance] = self._shown.draw(np.zeros(by_chance.sum()), time[by_chance], uniform[by_chance])
        mean = 0.5 + np.where(by_chance, 0.0, self.interest(user, k, time))
        weight = (rng.standard_gamma(4.0, n) / 4 * mean).astype(np.float32)
        return Clicks(user=user, item=item, time=time, weight=weight)

    def impressions(self, clicks: Clicks, block: int) -> Impressions:
        """Return the logged clicks of the ``block``-th block of :meth:`clicks`, each among its candidates.

        The place of a click among its candidates is random, and nothing is both clicked and not.
        """
        rng = stream(self.world, IMPRESSIONS, self.index, block)
        logged = np.flatnonzero(rng.random(len(clicks.user)) < self.world.logged)
        m, width = len(logged), self.world.candidates + 1
        user, time = (np.repeat(column[logged], width) for column in (clicks.user, clicks.time))
        clicked = np.repeat(clicks.item[logged], width)
        place = rng.integers(width, size=m)
        label = (np.arange(width) == place[:, None]).ravel()
        item = np.where(label, clicked, self._shown.draw(np.zeros(m * width), time, rng.random(m * width)))
        keep = label | (item != clicked)
        return Impressions(user[keep], item[keep], time[keep], label[keep].astype(np.int8))
