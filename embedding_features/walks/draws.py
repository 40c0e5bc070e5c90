"""Random bits of a walk: a stream of SplitMix64 for each seed, start and number.

The stream of walk k from node v begins at a hash of (seed, v, k), so that threads may share the walks and
none depends on which others are drawn beside it. A number below n is drawn with a bias of at most n / 2³².
"""

from enum import IntEnum

import numpy as np

from embedding_features.errors import ConfigError
from embedding_features.hashes import GOLDEN, splitmix64
from embedding_features.jit import jit

mix = jit()(splitmix64)

_ONE = np.uint64(1)
_HALF = np.uint64(32)
_FRACTION = np.uint64(11)


class Purpose(IntEnum):
    """Keeps the draws of one seed that are for different things apart."""

    STEPS = 1
    ORDER = 2
    PAIRS = 3
    VECTORS = 4


def key_of(seed: int, purpose: Purpose) -> np.uint64:
    """Return the 64 bits from which the streams of a seed are hashed, other ones for each purpose.

    Raises:
        ConfigError: when the seed is negative.
    """
    if seed < 0:
        raise ConfigError(f"seed {seed} is negative", fix="use for example 0")
    return np.uint64(np.random.SeedSequence((seed, purpose)).generate_state(1, np.uint64)[0])


@jit()
def walk_state(key: np.uint64, node: int, number: int) -> np.uint64:
    """Return the state from which the stream of a walk goes on in steps of ``GOLDEN``."""
    return np.uint64(mix(mix(key + GOLDEN * (np.uint64(node) + _ONE)) + GOLDEN * (np.uint64(number) + _ONE)))


@jit()
def below(bits: np.uint64, count: int) -> int:
    """Return a number from 0 up to ``count``, which is above 0 and below 2³², exclusive."""
    return int(np.int64(((bits >> _HALF) * np.uint64(count)) >> _HALF))


@jit()
def unit(bits: np.uint64) -> float:
    """Return a number from 0 up to 1, exclusive, in steps of 2⁻⁵³."""
    return np.float64(bits >> _FRACTION) * 2.0**-53
