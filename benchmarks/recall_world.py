"""Vectors as recommenders have them: decaying spectrum, topics, lengths that follow popularity."""

import numpy as np

from embedding_features.arrays import F32

_TOPICS, _LIKED = 256, 10


def make_world(items: int, users: int, dim: int, seed: int) -> tuple[F32, F32]:
    """[items, dim] and [users, dim] float32.

    An item is its topic plus noise. Dimension j has a standard deviation in proportion to j^-½, topics and
    popularity p follow Zipf's law, lengths are p^0.3 with log-normal noise: the item scaling of a closed form
    is D^0.4, that of a propagated one less. A user is the mean direction of ten items of up to three topics,
    drawn by popularity, plus noise.
    """
    rng = np.random.default_rng(seed)
    spectrum = np.arange(1, dim + 1) ** -0.5
    share = rng.permutation(1 / np.arange(1, _TOPICS + 1))
    topic = rng.choice(_TOPICS, items, p=share / share.sum())
    centres = rng.normal(size=(_TOPICS, dim))
    direction = (centres[topic] + 0.8 * rng.normal(size=(items, dim))) * spectrum
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    popularity = (rng.permutation(items) + 1.0) ** -0.8
    length = popularity**0.3 * np.exp(0.2 * rng.normal(size=items))

    # Items by topic; within a topic one is drawn by the running sum of popularity.
    order = np.argsort(topic, kind="stable")
    running = np.concatenate([[0], np.cumsum(popularity[order])])
    starts = np.searchsorted(topic[order], np.arange(_TOPICS + 1))
    low, high = running[starts[:-1]], running[starts[1:]]
    weight = (high - low) / running[-1]
    taste = rng.choice(_TOPICS, (users, 3), p=weight)
    liked = np.take_along_axis(taste, rng.integers(0, 3, (users, _LIKED)), axis=1)
    at = low[liked] + rng.random((users, _LIKED)) * (high - low)[liked]
    chosen = order[np.minimum(np.searchsorted(running, at, side="right") - 1, items - 1)]
    user = direction[chosen].mean(axis=1) + 0.05 * rng.normal(size=(users, dim)) * spectrum
    return (direction * length[:, None]).astype(np.float32), user.astype(np.float32)
