"""Fold-in: a node's vector and scores by Bayesian regression of its events on the other side's vectors."""

from collections.abc import Sequence

import numpy as np

from embedding_features.arrays import F32, F64, AnyArray
from embedding_features.artifact.fold_in import FoldInParameters
from embedding_features.errors import CompatibilityError
from embedding_features.fresh.fold_in_kernel import FoldedRows, Models, fold_in_nodes
from embedding_features.fresh.tables import begins
from embedding_features.fresh.walk import Walk, each_node


class FoldIn:
    """Folds nodes in by the parameters of one or more snapshots.

    Args:
        parameters: of each snapshot, in the order of time.
        vectors: of each, the other side's table [m, dim], by which a projection's scores are made.

    Raises:
        CompatibilityError: when the snapshots' parameters are of different kinds or dims, or of other nodes
            than the vectors.
    """

    def __init__(self, parameters: Sequence[FoldInParameters], vectors: Sequence[F32]) -> None:
        first = parameters[0]
        for one in parameters:
            if _kind(one) != _kind(first) or one.readout.shape != first.readout.shape:
                raise CompatibilityError(
                    f"fold-ins of kinds {_kind(first)} and {_kind(one)}, from {first.readout.shape} and "
                    f"{one.readout.shape}, cannot be used together",
                    fix="fold in snapshots of one method and one setting",
                )
        for one, table in zip(parameters, vectors, strict=True):
            if len(one.design) != len(table):
                raise CompatibilityError(
                    f"a fold-in of {len(one.design)} {one.other} nodes beside {len(table)} vectors",
                    fix="publish the snapshot again",
                )
        self._models = _models(parameters, vectors)
        self._vector_models = self._models._replace(scored=self._models.scored[:0])

    def rows(self, walk: Walk) -> FoldedRows:
        """Fold in the node of each wanted row of a log, from its events strictly before the row.

        Args:
            walk: the log, with rows of the tables of these snapshots.
        """
        return _folded(walk, self._models)

    def vectors(self, walk: Walk) -> F64:
        """Return :attr:`FoldedRows.vector` [n, dim] of :meth:`rows`, without the work for scores."""
        return _folded(walk, self._vector_models).vector


def _folded(walk: Walk, models: Models) -> FoldedRows:
    n = len(walk.time)
    out = FoldedRows(
        score=np.full(n, np.nan),
        variance=np.full(n, np.nan),
        vector=np.full((n, models.readout.shape[2]), np.nan),
        used=np.full(n, -1),
        skipped=np.full(n, -1),
        newest=np.zeros(n, np.int64),
    )
    each_node(fold_in_nodes, walk, models, out)
    return out


def _kind(one: FoldInParameters) -> tuple[AnyArray | bool | int | float, ...]:
    """Return what the parameters of snapshots that are used together have in common."""
    exact, alike = one.covariance is None, one.prior_rows is None
    return (exact, alike, one.count_exponent, one.known, one.moments, one.values, one.weighted)


def _models(parameters: Sequence[FoldInParameters], vectors: Sequence[F32]) -> Models:
    first, dim = parameters[0], parameters[0].design.shape[1]
    design = np.concatenate([one.design for one in parameters]).astype(np.float64)
    scored = design
    if not first.moments:
        made = [v.astype(np.float64) @ one.readout.T for v, one in zip(vectors, parameters, strict=True)]
        scored = np.concatenate(made)
    own = [one.prior_rows for one in parameters if one.prior_rows is not None]
    covariance = [one.covariance for one in parameters if one.covariance is not None]
    nothing = np.full(dim, np.nan)
    return Models(
        first=begins([len(one.design) for one in parameters]),
        design=design,
        scored=scored,
        covariance=np.concatenate(covariance) if covariance else np.empty((0, dim, dim), np.float32),
        readout=np.stack([one.readout for one in parameters]),
        first_prior=begins([len(one.prior_mean) for one in parameters]),
        prior_mean=np.concatenate([one.prior_mean for one in parameters]),
        first_own=begins([len(rows) for rows in own]) if own else np.zeros(len(parameters), np.int64),
        prior_rows=np.concatenate(own) if own else np.empty(0, np.int64),
        precision=np.stack([one.prior_precision for one in parameters]),
        start=np.stack([nothing if one.start is None else one.start for one in parameters]),
        noise=np.array([one.noise for one in parameters]),
        ridge=np.array([one.ridge for one in parameters]),
        count_exponent=first.count_exponent,
        known=first.known,
        moments=first.moments,
        values=first.values,
        weighted=first.weighted,
    )
