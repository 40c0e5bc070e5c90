"""The users and items of planted worlds, their latent interests and friendships."""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import F32, F64, I32, I64
from embedding_features.datasets.pool import Pool
from embedding_features.datasets.world import Domain, World

#: what a stream of random numbers is for; with the seed and the domain it identifies the stream
USERS, FRIENDS, ITEMS, ACTIVE, CLICKS, IMPRESSIONS = range(6)


def stream(world: World, purpose: int, *key: int) -> np.random.Generator:
    """Return the generator of one purpose, domain and block: no draw depends on the order of others."""
    return np.random.default_rng(np.random.SeedSequence(world.seed, spawn_key=(purpose, *key)))


@dataclass(frozen=True)
class Users:
    """Holds all users of a world; ids are 1 … n, in this order.

    Attributes:
        born: [n] µs after the world's start.
        mixtures: [2, n, interests] interests at the start and the end; each row sums to 1.
        activity: [n] weight in drawing who clicks.
        segment: [n] observable: the main interest at the start, or any (``attribute_noise``).
    """

    born: I64
    mixtures: F32
    activity: F64
    segment: I64


@dataclass(frozen=True)
class Items:
    """Holds the items of one domain; ids are 1 … n, in this order.

    Attributes:
        born: [n] µs after the world's start.
        interests: [n, 2] the main and a second interest.
        shares: [n, 2] how much of each; rows sum to 1.
        popularity: [n] weight of being shown.
        category: [n] observable: the main interest, or any (``attribute_noise``).
    """

    born: I64
    interests: I32
    shares: F64
    popularity: F64
    category: I64

    def dense(self, interests: int) -> F32:
        """Return the [n, interests] shares, 0 for interests that an item has not."""
        table = np.zeros((len(self.born), interests), dtype=np.float32)
        rows = np.arange(len(table))
        for column in (0, 1):
            table[rows, self.interests[:, column]] += self.shares[:, column].astype(np.float32)
        return table


def _births(world: World, cold: I64, n: int, rng: np.random.Generator) -> I64:
    born = np.zeros(n, dtype=np.int64)
    share = world.cold_after + (1 - world.cold_after) * rng.random(len(cold))
    born[cold] = (share * (world.span_us - 1)).astype(np.int64)
    return born


def _zipf(n: int, exponent: float, rng: np.random.Generator) -> F64:
    weight: F64 = np.power(1.0 + rng.permutation(n), -exponent)
    return weight


def _attribute(world: World, true: I64, rng: np.random.Generator) -> I64:
    random = rng.integers(world.interests, size=len(true))
    return np.where(rng.random(len(true)) < world.attribute_noise, random, true)


def draw_users(world: World) -> Users:
    """Return the users of a world."""
    rng = stream(world, USERS)
    n = world.users
    alpha = np.full(world.interests, world.concentration)
    mixtures = np.stack([rng.dirichlet(alpha, n).astype(np.float32) for _ in range(2)])
    cold = rng.permutation(n)[: round(n * world.cold_users)]
    return Users(
        born=_births(world, cold, n, rng),
        mixtures=mixtures,
        activity=_zipf(n, world.activity, rng),
        segment=_attribute(world, mixtures[0].argmax(axis=1), rng),
    )


def draw_items(world: World, domain: Domain, index: int) -> Items:
    """Return the items of the ``index``-th domain; every interest has items from the start."""
    rng = stream(world, ITEMS, index)
    n = domain.items
    place = rng.permutation(n)
    main = place % world.interests
    second = (main + rng.integers(1, world.interests, size=n)) % world.interests
    share = rng.uniform(0, 0.4, size=n)
    cold = np.flatnonzero(place >= n - round(n * world.cold_items))
    return Items(
        born=_births(world, cold, n, rng),
        interests=np.stack([main, second], axis=1).astype(np.int32),
        shares=np.stack([1 - share, share], axis=1),
        popularity=_zipf(n, world.popularity, rng),
        category=_attribute(world, main, rng),
    )


def draw_friendships(world: World, users: Users) -> tuple[I64, I64, I64]:
    """Return pairs of users (positions, the smaller first) and when they became friends, by time.

    A friendship begins after both were born. Pairs drawn twice count once, so that the mean number of friends
    is a little below the one asked for in a small world.
    """
    rng = stream(world, FRIENDS)
    n, wanted = world.users, round(world.users * world.friends / 2)
    one = rng.integers(n, size=wanted)
    main = users.mixtures[0].argmax(axis=1)
    alike = Pool(main, np.zeros(n, dtype=np.int64), np.ones(n), np.arange(n))
    like = alike.draw(main[one], np.zeros(wanted, dtype=np.int64), rng.random(wanted))
    other = np.where(rng.random(wanted) < world.homophily, like, rng.integers(n, size=wanted))
    keys = np.unique((np.minimum(one, other) * n + np.maximum(one, other))[one != other])
    low, high = np.divmod(keys, n)
    both = np.maximum(users.born[low], users.born[high])
    time = both + (rng.random(len(keys)) * (world.span_us - both)).astype(np.int64)
    order = np.argsort(time, kind="stable")
    return low[order], high[order], time[order]
