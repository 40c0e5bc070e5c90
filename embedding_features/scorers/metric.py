"""How a query is compared with a target."""

from typing import Literal

import torch
from torch import Tensor

from embedding_features.scorers.halves import halves

#: the dot product, the cosine (0 where a vector is 0), or minus a distance: Σ_k |q_k − t_k|, the Euclidean
#: length of q − t, or the sum of the moduli of its complex components, Σ_k |q_k − t_k| with q_k, t_k in ℂ. By
#: "l2" targets stand in the same order as by the squared distance that recall indexes know under that name.
ScorerMetric = Literal["dot", "cosine", "l1", "l2", "moduli"]

#: a vector shorter than this counts as 0
_EPS = 1e-12


def paired_scores(query: Tensor, target: Tensor, metric: ScorerMetric) -> Tensor:
    """Return the [...] scores of [..., dim] queries and [..., dim] targets, broadcast against each other.

    Of a query that equals its target the gradient of a distance is 0.
    """
    if metric == "dot":
        return (query * target).sum(-1)
    if metric == "cosine":
        return torch.cosine_similarity(query, target, dim=-1, eps=_EPS)
    difference = query - target
    if metric == "l1":
        return -difference.abs().sum(-1)
    if metric == "l2":
        return -_length(difference, -1)
    return -_length(torch.stack(halves(difference)), 0).sum(-1)


def cross_scores(queries: Tensor, targets: Tensor, metric: ScorerMetric) -> Tensor:
    """Return the [batch, n] scores of [batch, dim] queries and all of [n, dim] targets."""
    if metric == "cosine":
        queries, targets = (torch.nn.functional.normalize(x, dim=-1, eps=_EPS) for x in (queries, targets))
    if metric in ("dot", "cosine"):
        return queries @ targets.T
    if metric == "moduli":
        return paired_scores(queries.unsqueeze(1), targets, metric)
    return -torch.cdist(queries, targets, p=1 if metric == "l1" else 2)


def _length(x: Tensor, dim: int) -> Tensor:
    """Return the Euclidean lengths along a dimension; at 0 their gradient is 0."""
    length: Tensor = torch.linalg.vector_norm(x, dim=dim)
    return length
