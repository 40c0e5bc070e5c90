"""Positions of vectors on a map by t-SNE, always the same for the same vectors."""

import numpy as np
from threadpoolctl import threadpool_limits

from embedding_features.arrays import F32, F64

_PERPLEXITY = 30.0
_ROUNDS = 500
_FEWEST = 10


def lay_out(vectors: F32) -> F64 | None:
    """Return [n, 2] positions in 0 … 1 that keep near vectors near (van der Maaten & Hinton, JMLR 2008).

    They start at the first two principal components, with a fixed seed. Distances between far groups, and
    how large a group comes out, mean nothing. None comes back for fewer than 10 vectors, or where all are on
    one line or one point: there is nothing to lay out.

    Args:
        vectors: [n, dim], compared by Euclidean distance; some thousands at most.
    """
    centred = vectors - vectors.mean(axis=0)
    if len(vectors) < _FEWEST or np.linalg.matrix_rank(centred) < 2:
        return None
    from sklearn.manifold import TSNE  # a second to import

    tsne = TSNE(
        n_components=2,
        perplexity=min(_PERPLEXITY, (len(vectors) - 1) / 3),
        init="pca",
        max_iter=_ROUNDS,
        random_state=0,
    )
    with threadpool_limits(1):  # sums in one order; and with some thousand points one thread is the fastest
        positions = tsne.fit_transform(vectors).astype(np.float64)
    positions -= positions.min(axis=0)
    scaled: F64 = positions / positions.max()
    return scaled
