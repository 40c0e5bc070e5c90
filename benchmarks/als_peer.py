"""Puts implicit's alternating least squares, at the benchmark's sizes, behind a function."""

from dataclasses import dataclass

import numba
import scipy.sparse

from embedding_features.arrays import F32
from embedding_features.graph import CSR

#: what else it imports is ours, too
PACKAGES = ("implicit==0.7.3",)
MODULES = ("implicit",)


@dataclass(frozen=True)
class Setting:
    """Holds what both sides are fitted with, in our terms.

    Attributes:
        dim: width of the vectors.
        iterations: sweeps over both sides.
        unobserved_weight: α, of unknown pairs where a known one weighs 1.
        regularization: λ; implicit's is the same for every row, ours grows with a row's pairs.
    """

    dim: int
    iterations: int
    unobserved_weight: float
    regularization: float


def implicit_als(matrix: CSR, setting: Setting, seed: int) -> tuple[F32, F32]:
    """Return implicit's vectors of users and items, on as many threads as numba has.

    Its confidence of a known pair is 1 / α, of an unknown one 1; three steps of conjugate gradients are its
    default.
    """
    from implicit.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(
        factors=setting.dim,
        regularization=setting.regularization,
        alpha=1 / setting.unobserved_weight,
        iterations=setting.iterations,
        num_threads=numba.get_num_threads(),
        random_state=seed,
        use_gpu=False,
    )
    shape = (matrix.rows, matrix.columns)
    pairs = scipy.sparse.csr_matrix((matrix.weights(), matrix.indices, matrix.indptr), shape=shape)
    model.fit(pairs, show_progress=False)
    return model.user_factors, model.item_factors
