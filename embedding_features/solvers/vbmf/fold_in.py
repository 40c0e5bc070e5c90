"""How nodes are folded into a variational factorization: by their posteriors given the other side's."""

from dataclasses import replace

import numpy as np

from embedding_features.artifact.fold_in import FoldInParameters
from embedding_features.solvers.vbmf.side import Side


def with_level(items: Side, level: float) -> Side:
    """Return the items' side with the mean of all values in their biases: (m + c_i, 1, q_i)."""
    bias = 1 - items.known
    mean, prior_mean = items.mean.copy(), items.prior_mean.copy()
    mean[:, bias] += level
    prior_mean[:, bias] += level
    return replace(items, mean=mean, prior_mean=prior_mean)


def fold_in_parameters(other_type: str, own: Side, other: Side, noise: float) -> FoldInParameters:
    """Return how nodes of one side are folded in, with a row for each vocabulary row of both sides.

    A node with attributes has the prior that these tell, any other one the mean prior of the known nodes.

    Args:
        other_type: node type of the other side.
        own: the side whose nodes are folded in.
        other: the side whose posteriors are the design.
        noise: variance of the values.
    """
    rows = np.flatnonzero(own.seen)
    common = own.prior_mean[rows].mean(axis=0, keepdims=True)
    described = own.attributes is not None
    return FoldInParameters(
        other=other_type,
        design=other.mean.astype(np.float32),
        covariance=other.covariance.astype(np.float32),
        prior_mean=np.concatenate([common, own.prior_mean]) if described else common,
        prior_rows=np.arange(1, len(own.prior_mean) + 1) if described else None,
        prior_precision=np.diag(own.precision),
        readout=np.eye(len(own.precision)),
        noise=noise,
        known=own.known,
    )
