"""Scores of every query and every target, and their gradients, against those of pairs."""

from typing import get_args

import pytest
import torch
from torch import Tensor

from embedding_features.scorers import RotatE, TransE
from embedding_features.scorers.metric import ScorerMetric, cross_scores, paired_scores

#: one row, less than a tile, more than one, and more targets than a block
SIZES = [(1, 1), (5, 3), (21, 50), (9, 1030)]
METRICS = get_args(ScorerMetric)


def pairs(queries: Tensor, targets: Tensor, metric: ScorerMetric) -> Tensor:
    return paired_scores(queries.unsqueeze(1), targets, metric)


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("metric", METRICS)
def test_scores_and_gradients_are_those_of_pairs(metric: ScorerMetric, sizes: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    made = [torch.randn(rows, 10, generator=generator) for rows in sizes]
    slope = torch.randn(sizes, generator=generator)
    found = []
    for scores_of in (cross_scores, pairs):
        vectors = [tensor.clone().requires_grad_() for tensor in made]
        scores = scores_of(*vectors, metric)
        (scores * slope).sum().backward()
        found.append((scores.detach(), *(tensor.grad for tensor in vectors)))
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=2e-4)


@pytest.mark.parametrize("metric", ["l1", "l2", "moduli"])
def test_a_query_on_its_target_has_no_gradient(metric: ScorerMetric) -> None:
    vectors = torch.tensor([[1.0, 2.0]], requires_grad=True)
    scores = cross_scores(vectors, vectors.detach(), metric)
    scores.sum().backward()
    assert scores.item() == pytest.approx(0, abs=1e-4)
    assert vectors.grad is not None
    assert vectors.grad.tolist() == [[0, 0]]


def test_an_operator_compares_by_its_own_metric() -> None:
    """Vectors that are views, as halves of a table are."""
    table = torch.randn(6, 8, generator=torch.Generator().manual_seed(0))
    queries, targets = table[:2, ::2], table[2:, ::2]
    for scorer in (TransE(metric="l1"), RotatE(metric="moduli"), RotatE(metric="l2")):
        compare = scorer.build(3, 4, torch.Generator().manual_seed(0))
        torch.testing.assert_close(compare.cross(queries, targets), pairs(queries, targets, compare.metric))


def test_only_the_gradient_that_is_asked_for_is_computed() -> None:
    queries, targets = torch.ones(2, 4, requires_grad=True), torch.zeros(3, 4)
    cross_scores(queries, targets, "l1").sum().backward()
    assert queries.grad is not None
    assert queries.grad.tolist() == [[-3.0] * 4] * 2
    assert targets.grad is None
