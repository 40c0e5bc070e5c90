"""Makes vectors as recommenders have them: decaying spectrum, topics, lengths that follow popularity.

The constants were set so that 41,000 items look like the 64-dimensional vectors that ``spectral`` and ``als``
fit to Gowalla and Yelp2018 (38,000 - 41,000 items); the figures are in docs/results.md.
"""

import numpy as np

from embedding_features.arrays import F32

_TOPICS, _LIKED = 256, 5


def make_world(items: int, users: int, dim: int, seed: int) -> tuple[F32, F32]:
    """Return [items, dim] and [users, dim] float32.

    An item is its topic plus noise. Dimension j has a standard deviation in proportion to j^-¼. Topics follow
    Zipf's law with exponent 0.6, popularity p that with 0.65; lengths are p^0.45 with log-normal noise. A
    user is the mean direction of five items of one topic, drawn by popularity, plus noise.
    """
    rng = np.random.default_rng(seed)
    spectrum = np.arange(1, dim + 1) ** -0.25
    share = rng.permutation(np.arange(1, _TOPICS + 1) ** -0.6)
    topic = rng.choice(_TOPICS, items, p=share / share.sum())
    centres = rng.normal(size=(_TOPICS, dim))
    direction = (centres[topic] + 0.55 * rng.normal(size=(items, dim))) * spectrum
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    popularity = (rng.permutation(items) + 1.0) ** -0.65
    length = popularity**0.45 * np.exp(0.2 * rng.normal(size=items))

    # Items by topic; within a topic one is drawn by the running sum of popularity.
    order = np.argsort(topic, kind="stable")
    running = np.concatenate([[0], np.cumsum(popularity[order])])
    starts = np.searchsorted(topic[order], np.arange(_TOPICS + 1))
    low, high = running[starts[:-1]], running[starts[1:]]
    taste = rng.choice(_TOPICS, (users, 1), p=(high - low) / running[-1])
    at = low[taste] + rng.random((users, _LIKED)) * (high - low)[taste]
    chosen = order[np.minimum(np.searchsorted(running, at, side="right") - 1, items - 1)]
    user = direction[chosen].mean(axis=1) + 0.05 * rng.normal(size=(users, dim)) * spectrum
    return (direction * length[:, None]).astype(np.float32), user.astype(np.float32)
