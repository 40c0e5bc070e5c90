"""Skip-grams with negative sampling in plain Python, one pair after the other, on the same draws."""

import numpy as np

from embedding_features.arrays import F64, Bool
from embedding_features.hashes import GOLDEN
from embedding_features.solvers.sgns import SGNS, SkipGram
from embedding_features.solvers.sgns.noise import draw_targets, noise_of
from embedding_features.solvers.sgns.start import first_model
from embedding_features.walks import Walker
from embedding_features.walks.draws import Purpose, below, key_of, mix, walk_state


def naive_sgns(
    sgns: SGNS, walker: Walker, seed: int, start: SkipGram | None, frozen: Bool
) -> tuple[tuple[F64, F64], int]:
    """Return vectors and contexts, and the number of pairs."""
    model = first_model(walker.rows, sgns.dim, seed, start)
    vectors, contexts = model.vectors.astype(np.float64), model.contexts.astype(np.float64)
    before, pairs = (vectors.copy(), contexts.copy()), 0
    old = np.zeros(walker.rows, np.bool_) if start is None else ~np.isnan(start.vectors[:, 0])
    walks = np.concatenate(list(walker.rounds(sgns.walks_per_node, seed=seed, batch=10**6)))
    counts = np.array([(walks == row).sum() for row in range(walker.rows)])
    noise = noise_of(counts, walker.spans, sgns.negatives.table)
    targets, key = np.empty(1 + sgns.negatives.count, np.int64), key_of(seed, Purpose.PAIRS)
    for number, walk in enumerate(walks):
        rate = sgns.learning_rate + (1e-4 - sgns.learning_rate) * number / len(walks)
        state, nodes = walk_state(key, number, 0), [node for node in walk.tolist() if node >= 0]
        for place, node in enumerate(nodes):
            with np.errstate(over="ignore"):
                state = np.uint64(state) + GOLDEN
            reach = 1 + below(np.uint64(mix(state)), sgns.window)
            count, state = draw_targets(noise, node, state, targets)
            for other in range(max(0, place - reach), min(len(nodes), place + reach + 1)):
                if other == place:
                    continue
                pairs += 1
                row = nodes[other]
                vector = vectors[row].copy()
                gains = rate * (np.eye(count)[0] - 1 / (1 + np.exp(-contexts[targets[:count]] @ vector)))
                for target, gain in zip(targets[:count], gains, strict=True):
                    if not frozen[row]:
                        vectors[row] += gain * contexts[target]  # of one drawn twice as it is by then
                    if not frozen[target]:
                        contexts[target] += gain * vector
                touched = ((vectors, before[0], [row]), (contexts, before[1], targets[:count].tolist()))
                for table, was, rows in touched:
                    for one in rows:  # the least of |row - moved|² / (2 rate) + λ / 2 |row - was|²
                        if old[one]:
                            pulled = table[one] + rate * sgns.l2 * was[one]
                            table[one] = pulled / (1 + rate * sgns.l2)
    return (vectors, contexts), pairs
