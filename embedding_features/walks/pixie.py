"""Pixie: items that random walks from a user's items visit, together."""

import numba
import numpy as np
from pydantic import Field

from embedding_features.arrays import F32, F64, I32, I64
from embedding_features.config import Config
from embedding_features.graph.csr import CSR
from embedding_features.hashes import GOLDEN
from embedding_features.jit import jit
from embedding_features.walks.draws import Purpose, key_of, mix, unit, walk_state
from embedding_features.walks.edges import Edges, draw_edge, edges_of


class PixieWalks(Config):
    """Counts the items that walks with restarts from each of a user's items visit.

    Eksombatchai et al., Pixie, WWW 2018, algorithms 2 and 3. A step goes from an item to one of its users and
    on to one of theirs, by the weights of edges, which is how walks are biased. Of a user's ``steps`` an item
    q of degree d_q gets a share in proportion to d_q (C − ln d_q), C the greatest degree (eqs. 1 and 2).

    Attributes:
        steps: of a user, from all items together.
        restart: probability that a walk goes back to its item after a step.
        enough: walks of an item end early when so many items have ``visited`` visits; 0 never ends early.
        visited: see ``enough``.
        booster: whether an item scores (Σ_q √V_q)², V_q its visits from item q (eq. 3), so that those found
            from several items come first; else Σ_q V_q.
    """

    steps: int = Field(default=20_000, ge=1, le=2**24)
    restart: float = Field(default=0.8, gt=0, le=1)
    enough: int = Field(default=0, ge=0)
    visited: int = Field(default=4, ge=1)
    booster: bool = True

    def scores(self, forward: CSR, reverse: CSR, users: I64, *, seed: int) -> F32:
        """Return [m, items] float32 scores; 0 where no walk came.

        Args:
            forward: [users, items] edges, taken by weight.
            reverse: [items, users] the same.
            users: [m] rows from whose items walks start.
            seed: of all draws; the scores of a user are a function of it and the row.

        Raises:
            ConfigError: when the seed is negative.
            GraphError: when a weight is negative or no number.
        """
        scores = np.zeros((len(users), forward.columns), np.float32)
        key, rows = key_of(seed, Purpose.STEPS), np.ascontiguousarray(users, np.int64)
        shares = step_shares(reverse.degrees)
        limits = np.array([self.steps, self.enough, self.visited], np.int64)
        edges = edges_of(forward), edges_of(reverse)
        _score(*edges, shares, rows, key, limits, self.restart, self.booster, scores)
        return scores


def step_shares(degrees: I64) -> F64:
    """Return [items] the weight by which walks of an item get their steps."""
    known = np.maximum(degrees, 1).astype(np.float64)
    shares: F64 = known * (max(known.max(initial=1.0), 2.0) - np.log(known))
    return shares


@jit(parallel=True)
def _score(
    forward: Edges,
    reverse: Edges,
    shares: F64,
    users: I64,
    key: np.uint64,
    limits: I64,
    restart: float,
    booster: bool,
    scores: F32,
) -> None:
    for row in numba.prange(len(users)):
        user = users[row]
        begin, end = forward.indptr[user], forward.indptr[user + 1]
        visits = np.zeros(scores.shape[1], np.int32)
        met = np.empty(min(limits[0], scores.shape[1]), np.int32)
        total = 0.0
        for e in range(begin, end):
            total += shares[forward.indices[e]]
        for e in range(begin, end):
            item = forward.indices[e]
            steps = int(np.ceil(limits[0] * shares[item] / total))
            state = walk_state(key, user, item)
            found = _visit(forward, reverse, item, state, steps, limits, restart, visits, met)
            for place in range(found):
                count = np.float32(visits[met[place]])
                scores[row, met[place]] += np.sqrt(count) if booster else count
                visits[met[place]] = 0
        if booster:
            scores[row] *= scores[row]


@jit()
def _visit(
    forward: Edges,
    reverse: Edges,
    start: int,
    state: np.uint64,
    steps: int,
    limits: I64,
    restart: float,
    visits: I32,
    met: I32,
) -> int:
    """Add an item's visits to ``visits`` [items], put those that had none into ``met``, and count them."""
    found, high, item = 0, 0, start
    for _ in range(steps):
        state += GOLDEN
        first, last = reverse.indptr[item], reverse.indptr[item + 1]
        user = reverse.indices[draw_edge(reverse.cumulative, first, last, mix(state))]
        state += GOLDEN
        first, last = forward.indptr[user], forward.indptr[user + 1]
        item = int(forward.indices[draw_edge(forward.cumulative, first, last, mix(state))])
        if visits[item] == 0:
            met[found] = item
            found += 1
        visits[item] += 1
        high += visits[item] == limits[2]
        if limits[1] and high >= limits[1]:
            break
        state += GOLDEN
        if unit(mix(state)) < restart:
            item = start
    return found
