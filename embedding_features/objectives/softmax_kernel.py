"""The softmax over a row of scores, its loss and its gradient, in one pass over a row that stays in cache."""

import numba
import numpy as np

from embedding_features.arrays import F32, F64, I32, I64
from embedding_features.jit import jit, piece, working_memory

#: partial sums of a row, so many that none waits for another
_LANES = 64
#: the least squared distance, also of zero vectors
_NEAREST = np.float32(1e-10)
#: 2^x for smaller x is no normal float32
_SMALLEST = np.float32(-126)


@jit(parallel=True)
def softmax_slopes(
    products: F32,
    squares: F32,
    node_squares: F32,
    roundoff: np.float32,
    log_chances: F32,
    indptr: I64,
    targets: I64,
) -> F64:
    """Return the [b] losses Σ −ln softmax_t(s) over each row's targets t, and turn products into gradients.

    s is the product, or by distances −√(|q|² + |t|² − 2 · product). The exponential is right to 3e-7 of it.

    Args:
        products: [b, n] ⟨q, t⟩; holds the gradients of the losses by them afterwards.
        squares: [b] |q|²; empty for scores that are products.
        node_squares: [n] |t|²; empty likewise.
        roundoff: relative error of the products. A squared distance below ``roundoff · (|q|² + |t|²)`` counts
            as that: it is what rounding left, and its gradient 1 / distance would drown all others.
        log_chances: [n] numbers subtracted from the scores of a row that are not its targets'; may be empty.
        indptr: [b + 1]; a row's targets are ``targets[indptr[row]:indptr[row + 1]]``.
        targets: columns; one that is there twice counts twice.
    """
    losses = np.zeros(len(products), np.float64)
    for row in numba.prange(len(products)):
        columns, own = targets[indptr[row] : indptr[row + 1]], products[row]
        memory = working_memory(3, len(own), own)
        scores, powers = piece(memory, 0, len(own)), piece(memory, 1, len(own))
        exponents = piece(memory, 2, len(own)).view(np.int32)
        if len(squares):
            _distances(own, squares[row], node_squares, roundoff, scores)
        else:
            scores[:] = own
        losses[row] = _softmax(scores, log_chances, columns, powers, exponents, own)
        if len(squares):
            _by_products(scores, own)
    return losses


@jit()
def _distances(products: F32, square: np.float32, squares: F32, roundoff: np.float32, scores: F32) -> None:
    """Write minus the distances, none of them below what rounding leaves."""
    for t in range(len(products)):
        both = square + squares[t]
        squared = both - products[t] - products[t]
        least = max(roundoff * both, _NEAREST)
        scores[t] = -np.sqrt(least if squared < least else squared)


@jit()
def _by_products(scores: F32, slopes: F32) -> None:
    """Turn gradients by scores that are minus distances into those by products: ∂ s / ∂ ⟨q, t⟩ = −1 / s."""
    for t in range(len(scores)):
        slopes[t] = -slopes[t] / scores[t]


@jit()
def _softmax(
    scores: F32, log_chances: F32, targets: I64, powers: F32, exponents: I32, slopes: F32
) -> np.float64:
    """Return the loss of a row, and write its gradients by the scores."""
    _correct(scores, log_chances, targets, powers)
    top = _largest(powers)
    _exponentials(powers, top, exponents)
    total = _multiply(powers, exponents.view(np.float32))
    share = np.float32(len(targets)) / total
    for t in range(len(scores)):
        slopes[t] = share * powers[t]
    loss: np.float64 = len(targets) * (np.log(np.float64(total)) + top)
    for target in targets:
        slopes[target] -= np.float32(1)
        loss -= scores[target]
    return loss


@jit()
def _correct(scores: F32, log_chances: F32, targets: I64, corrected: F32) -> None:
    """Write the scores, those of other nodes than the targets less the logarithms of their chances."""
    corrected[:] = scores
    if len(log_chances):
        for t in range(len(scores)):
            corrected[t] -= log_chances[t]
        for target in targets:
            corrected[target] = scores[target]


@jit()
def _exponentials(numbers: F32, top: np.float32, exponents: I32) -> None:
    """Turn numbers into 2^f, and write 2^k as the bits of a float32: (number − top) log₂ e = k + f, |f| ≤ ½.

    2^f by its Taylor polynomial of degree 6.
    """
    one, half, log2_e = np.float32(1), np.float32(0.5), np.float32(1.4426950408889634)
    a, b, c = np.float32(0.6931471805599453), np.float32(0.2402265069591007), np.float32(0.05550410866482158)
    d, e, f = np.float32(0.009618129107628), np.float32(0.0013333558146428), np.float32(0.000154035303933816)
    for t in range(len(numbers)):
        x = (numbers[t] - top) * log2_e
        x = _SMALLEST if x < _SMALLEST else x  # a NaN stays one
        whole = np.floor(x + half)
        y = x - whole
        exponents[t] = (np.int32(whole) + np.int32(127)) << np.int32(23)
        numbers[t] = one + y * (a + y * (b + y * (c + y * (d + y * (e + y * f)))))


@jit()
def _multiply(fractions: F32, powers: F32) -> np.float32:
    """Multiply by the powers, in place, and return the sum of the products."""
    sums = np.zeros(_LANES, np.float32)
    whole = len(fractions) // _LANES * _LANES
    for start in range(0, whole, _LANES):
        for lane in range(_LANES):
            product = fractions[start + lane] * powers[start + lane]
            fractions[start + lane] = product
            sums[lane] += product
    total = np.float32(0)
    for t in range(whole, len(fractions)):
        fractions[t] *= powers[t]
        total += fractions[t]
    for lane in range(_LANES):
        total += sums[lane]
    return total


@jit()
def _largest(scores: F32) -> np.float32:
    """Return the largest number of a row that is not empty."""
    tops = np.full(_LANES, scores[0])
    whole = len(scores) // _LANES * _LANES
    for start in range(0, whole, _LANES):
        for lane in range(_LANES):
            tops[lane] = max(tops[lane], scores[start + lane])
    top: np.float32 = scores[0]
    for t in range(whole, len(scores)):
        top = max(top, scores[t])
    for lane in range(_LANES):
        top = max(top, tops[lane])
    return top
