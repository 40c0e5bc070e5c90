"""Label probe: how well nodes' labels can be read from their vectors by a linear classifier."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from embedding_features.arrays import F32, F64, I64, Bool
from embedding_features.errors import DataError
from embedding_features.graph.csr import CSR
from embedding_features.progress import SILENT, Progress


@dataclass(frozen=True)
class LabelScores:
    """F1 of the labels predicted on one split.

    Attributes:
        micro_f1: 2 TP / (2 TP + FP + FN) of all labels' counts added up.
        macro_f1: mean of the labels' own F1; 0 for a label that is neither there nor predicted.
    """

    micro_f1: float
    macro_f1: float


@dataclass(frozen=True)
class LabelProbe:
    """F1 over several random splits.

    Attributes:
        train_share: share of the labelled nodes that each split trains on.
        splits: the scores of each.
    """

    train_share: float
    splits: tuple[LabelScores, ...]

    @property
    def mean(self) -> LabelScores:
        """The mean over the splits."""
        return LabelScores(*np.mean(self._table(), axis=0).tolist())

    @property
    def spread(self) -> LabelScores:
        """The standard deviation over the splits, their number less 1 below; NaN for one split."""
        if len(self.splits) == 1:
            return LabelScores(np.nan, np.nan)
        return LabelScores(*np.std(self._table(), axis=0, ddof=1).tolist())

    def _table(self) -> F64:
        return np.array([(one.micro_f1, one.macro_f1) for one in self.splits])


def label_probe(
    vectors: F32,
    labels: CSR,
    *,
    train_share: float = 0.9,
    splits: int = 10,
    strength: float = 1.0,
    seed: int = 0,
    progress: Progress = SILENT,
) -> LabelProbe:
    """Measure labels predicted from vectors over random splits of the labelled nodes.

    The protocol of random-walk papers (DeepWalk: Perozzi et al., KDD 2014, section 6): one logistic
    regression a label, and of each test node as many of the likeliest labels as it is known to have.

    Args:
        vectors: [nodes, dim] float32.
        labels: [nodes, labels] which labels each node has; nodes without any take no part.
        train_share: of the labelled nodes, the rest is tested on; each side gets at least one.
        splits: number of random splits.
        strength: C, by which the log loss outweighs half the squared norm of the coefficients.
        seed: of the splits.
        progress: where each split is reported.

    Raises:
        DataError: when shapes do not fit, vectors are not finite, or there is nothing to split.

    Example:
        >>> vectors = np.repeat(np.eye(2, dtype=np.float32), 10, axis=0)
        >>> labels = CSR.from_edges(np.arange(20), np.arange(20) // 10, shape=(20, 2))
        >>> label_probe(vectors, labels, splits=3).mean.micro_f1
        1.0
    """
    labelled = np.flatnonzero(labels.degrees)
    if not 0 < train_share < 1 or splits < 1 or len(labelled) < 2:
        raise DataError(
            f"{len(labelled)} labelled nodes cannot be split {splits} times at a share of {train_share:g}",
            fix="use a share between 0 and 1, at least one split and two labelled nodes",
        )
    count = min(max(round(train_share * len(labelled)), 1), len(labelled) - 1)
    rng = np.random.default_rng(seed)
    found: list[LabelScores] = []
    with progress.task("label probe", splits) as advance:
        for _ in range(splits):
            mixed = rng.permutation(labelled)
            found.append(probe_split(vectors, labels, mixed[:count], mixed[count:], strength=strength))
            advance()
    return LabelProbe(train_share, tuple(found))


def probe_split(vectors: F32, labels: CSR, train: I64, test: I64, *, strength: float = 1.0) -> LabelScores:
    """Train on some nodes and measure the labels predicted for others; see :func:`label_probe`.

    Args:
        vectors: [nodes, dim] float32.
        labels: [nodes, labels].
        train: rows of the nodes to train on.
        test: rows of the nodes to predict.
        strength: C.

    Raises:
        DataError: when shapes do not fit, or vectors are not finite.
    """
    _check(vectors, labels)
    has = np.zeros((labels.rows, labels.columns), np.bool_)
    has[labels.sources(), labels.indices] = True
    wide = vectors.astype(np.float64)
    seen, asked = wide[train], wide[test]
    # threads of so small products wait for each other in a spin: many times slower where other work runs
    with threadpool_limits(limits=1, user_api="blas"):
        scores = np.stack([_log_odds(seen, one, asked, strength) for one in has[train].T])
    return label_f1(most_likely(scores.T, has[test].sum(axis=1)), has[test])


def most_likely(scores: F64, counts: I64) -> Bool:
    """Return [n, labels] whether a label is among the ``counts`` [n] best of its row, the first of equals."""
    rank = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1)
    best: Bool = rank < counts[:, None]
    return best


def label_f1(predicted: Bool, has: Bool) -> LabelScores:
    """Return the F1 of predicted labels [n, labels] against those that nodes have."""
    hits = (predicted & has).sum(axis=0)
    named = predicted.sum(axis=0) + has.sum(axis=0)  # 2 TP + FP + FN
    each = 2 * hits / np.maximum(named, 1)
    return LabelScores(float(2 * hits.sum() / max(named.sum(), 1)), float(each.mean()))


def _log_odds(train: F64, has: Bool, test: F64, strength: float) -> F64:
    """Return the log odds [n] of one label; without limit where all training nodes have it, or none."""
    if has.all() or not has.any():
        return np.full(len(test), np.inf if has.all() else -np.inf)
    # Newton's steps need few products of the whole matrix, where there are many more nodes than dimensions
    model = LogisticRegression(C=strength, solver="newton-cholesky").fit(train, has)
    return np.asarray(model.decision_function(test))


def _check(vectors: F32, labels: CSR) -> None:
    if vectors.ndim != 2 or len(vectors) != labels.rows:
        raise DataError(f"vectors of shape {vectors.shape} and labels of {labels.rows} nodes do not fit")
    if not np.isfinite(vectors).all():
        raise DataError("vectors hold NaN or infinity", fix="run the health gate on them")
