"""Losses of scores, the 1-vs-all loss and N3 against numbers computed by hand."""

import math
from functools import partial

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from embedding_features.objectives import (
    CosineContrastive,
    Margin,
    SampledSoftmax,
    ScoreObjective,
    SelfAdversarial,
    n3,
    one_vs_all_loss,
)

POSITIVE = torch.tensor([1.0, -2.0])
NEGATIVES = torch.tensor([[0.5, -1.0], [0.0, -2.0]])

OBJECTIVES: list[ScoreObjective] = [Margin(), SampledSoftmax(), SelfAdversarial()]


def log_sigmoid(x: float) -> float:
    return -math.log1p(math.exp(-x))


def test_margin() -> None:
    """max(0, 1 − s⁺ + s⁻): .5 and 0 (−1), then 3 and 1."""
    assert Margin().of_scores(POSITIVE, NEGATIVES).item() == pytest.approx((0.5 + 0 + 3 + 1) / 4)
    assert Margin(margin=2.0).of_scores(POSITIVE, NEGATIVES).item() == pytest.approx((1.5 + 0 + 4 + 2) / 4)


def test_cosine_contrastive() -> None:
    """1 − s⁺: .2 and .5; negatives above .4 by .3 and .1, and below it by .2 and .9."""
    positive, negatives = torch.tensor([0.8, 0.5]), torch.tensor([[0.7, 0.2], [-0.5, 0.5]])
    found = CosineContrastive(margin=0.4, weight=10.0).of_scores(positive, negatives)
    assert found.item() == pytest.approx((0.2 + 0.5) / 2 + 10 * (0.3 + 0.1) / 4)


def test_sampled_softmax() -> None:
    first = math.exp(1) / (math.exp(1) + math.exp(0.5) + math.exp(-1))
    second = math.exp(-2) / (math.exp(-2) + 1 + math.exp(-2))
    expected = -(math.log(first) + math.log(second)) / 2
    assert SampledSoftmax().of_scores(POSITIVE, NEGATIVES).item() == pytest.approx(expected)
    halved = SampledSoftmax(temperature=2.0).of_scores(POSITIVE, NEGATIVES)
    assert halved.item() == pytest.approx(SampledSoftmax().of_scores(POSITIVE / 2, NEGATIVES / 2).item())


def test_self_adversarial() -> None:
    """γ = 3, temperature ½: weights softmax(.25, −.5) and softmax(0, −1)."""
    p, q = 1 / (1 + math.exp(-0.75)), 1 / (1 + math.exp(-1))
    first = log_sigmoid(4) + p * log_sigmoid(-3.5) + (1 - p) * log_sigmoid(-2)
    second = log_sigmoid(1) + q * log_sigmoid(-3) + (1 - q) * log_sigmoid(-1)
    objective = SelfAdversarial(margin=3.0, temperature=0.5)
    assert objective.of_scores(POSITIVE, NEGATIVES).item() == pytest.approx(-(first + second) / 4)


def test_self_adversarial_weights_have_no_gradient() -> None:
    """∂ / ∂ s⁻ = ½ p σ(γ + s⁻) / batch: the weight is a number."""
    negatives = NEGATIVES.clone().requires_grad_()
    SelfAdversarial(margin=3.0, temperature=0.5).of_scores(POSITIVE, negatives).backward()
    expected = 0.5 * (0.5 * NEGATIVES).softmax(1) * torch.sigmoid(3 + NEGATIVES) / 2
    assert negatives.grad is not None
    torch.testing.assert_close(negatives.grad, expected)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_gradients_pull_known_edges_up_and_negatives_down(objective: ScoreObjective) -> None:
    positive, negatives = (
        torch.tensor([0.5, 0.2]).requires_grad_(),
        torch.tensor([[0.4], [0.3]]).requires_grad_(),
    )
    objective.of_scores(positive, negatives).backward()
    assert positive.grad is not None
    assert negatives.grad is not None
    assert (positive.grad < 0).all()
    assert (negatives.grad > 0).all()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_settings_are_read_back_by_kind(objective: ScoreObjective) -> None:
    assert ScoreObjective.model_validate(objective.model_dump(mode="json")) == objective


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_large_scores_do_not_overflow(objective: ScoreObjective) -> None:
    assert objective.of_scores(torch.tensor([-1e4]), torch.tensor([[1e4]])).isfinite()


def test_n3() -> None:
    """Of two triples: moduli 2, 1 | 3, 0 of sources, 1, 1 | 2, 0 of relations; cubes 9 + 27 and 2 + 8."""
    src, relation = torch.tensor([[4.0, 1.0], [9.0, 0.0]]), torch.tensor([[1.0, 1.0], [4.0, 0.0]])
    assert n3([src, relation]).item() == pytest.approx((9 + 27 + 2 + 8) / 2)


def test_n3_has_a_gradient_at_zero() -> None:
    vectors = torch.tensor([[0.0, -2.0]], requires_grad=True)
    n3([vectors.square()]).backward()
    assert vectors.grad is not None
    assert vectors.grad.tolist() == [[0.0, -12.0]]  # 3 x |x|


QUERIES, NODES = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[1.0, 1.0], [0.0, -1.0], [2.0, 0.0]])


def test_one_vs_all_by_hand() -> None:
    """Scores 1, 0, 2 and 2, −2, 0; query 0 has the targets 2 and 0, query 1 the target 0."""
    first = math.log(math.exp(1) + 1 + math.exp(2))
    second = math.log(math.exp(2) + math.exp(-2) + 1)
    expected = ((first - 2) + (first - 1) + (second - 2)) / 3
    loss = one_vs_all_loss(QUERIES, NODES, torch.tensor([0, 0, 1]), torch.tensor([2, 0, 0]), "dot")
    assert loss.item() == pytest.approx(expected)


def naive(queries: Tensor, nodes: Tensor, rows: Tensor, targets: Tensor, metric: str) -> Tensor:
    pairs = queries[rows].unsqueeze(1)
    scores = (pairs * nodes).sum(-1) if metric == "dot" else -(pairs - nodes).norm(dim=-1)
    return cross_entropy(scores, targets)


@pytest.mark.parametrize("nodes", [9, 200])
@pytest.mark.parametrize("metric", ["dot", "l2"])
def test_one_vs_all_is_the_cross_entropy_of_each_edge(metric: str, nodes: int) -> None:
    """Loss and both gradients; edges in any order, and one that is there twice counts twice."""
    generator = torch.Generator().manual_seed(0)
    made = [torch.randn(n, 4, generator=generator) for n in (5, nodes)]
    rows, targets = torch.tensor([3, 0, 4, 3, 3, 4]), torch.tensor([0, nodes - 1, 2, 1, 5, 2])
    found = []
    for loss_of in (one_vs_all_loss, naive):
        vectors = [tensor.clone().requires_grad_() for tensor in made]
        loss = loss_of(*vectors, rows, targets, metric)
        (3 * loss).backward()
        found.append((loss.detach(), *(tensor.grad for tensor in vectors)))
    torch.testing.assert_close(found[0], found[1])


@pytest.mark.parametrize("metric", ["dot", "l2"])
def test_one_vs_all_of_drawn_nodes(metric: str) -> None:
    """Other nodes than the targets count as often as one over their chance, and gradients follow."""
    generator = torch.Generator().manual_seed(0)
    made = [torch.randn(n, 4, generator=generator) for n in (3, 90)]
    chances = torch.rand(90, generator=generator) * 0.9 + 0.1
    known = [(0, 5), (0, 7), (0, 7), (2, 80)]
    rows, targets = torch.tensor(known).T

    def by_hand(queries: Tensor, nodes: Tensor) -> Tensor:
        scores = queries @ nodes.T if metric == "dot" else -(queries.unsqueeze(1) - nodes).norm(dim=-1)
        weights = (1 / chances).repeat(3, 1).index_put((rows, targets), torch.tensor(1.0))
        total = (weights * scores.exp()).sum(dim=1)
        return torch.stack([total[row].log() - scores[row, target] for row, target in known]).mean()

    found = []
    for loss_of in (partial(one_vs_all_loss, chances=chances), lambda q, n, *_: by_hand(q, n)):
        vectors = [tensor.clone().requires_grad_() for tensor in made]
        loss = loss_of(*vectors, rows, targets, metric)
        loss.backward()
        found.append((loss.detach(), *(tensor.grad for tensor in vectors)))
    torch.testing.assert_close(found[0], found[1])


def test_one_vs_all_by_rough_products() -> None:
    """bfloat16 has 8 bits: the loss and the gradients stay within a hundredth of the exact ones."""
    generator = torch.Generator().manual_seed(0)
    made = [torch.randn(n, 16, generator=generator) for n in (8, 70)]
    rows, targets = torch.arange(8), torch.arange(8)
    found = []
    for products in (torch.float32, torch.bfloat16):
        vectors = [tensor.clone().requires_grad_() for tensor in made]
        loss = one_vs_all_loss(*vectors, rows, targets, "dot", products=products)
        loss.backward()
        found.append([loss.detach(), *(tensor.grad for tensor in vectors)])
    for exact, rough in zip(*found, strict=True):
        assert 0 < (exact - rough).norm() < 0.01 * exact.norm()


@pytest.mark.parametrize("products", [torch.float32, torch.bfloat16])
def test_one_vs_all_by_rough_distances(products: torch.dtype) -> None:
    """A query on two nodes has a small gradient, not what rounding left over a distance of nearly zero.

    The gradient of a distance has a norm of 1, and that of one edge's loss therefore no more than 2.
    """
    generator = torch.Generator().manual_seed(0)
    made = 3 * torch.randn(70, 16, generator=generator)
    nodes = torch.cat([made, made + 1e-3]).requires_grad_()
    queries = (made[:8] + 5e-4).requires_grad_()
    edges = torch.arange(8)
    (8 * one_vs_all_loss(queries, nodes, edges, edges, "l2", products=products)).backward()
    for tensor in (queries, nodes):
        assert tensor.grad is not None
        assert tensor.grad.norm(dim=1).max() < 2


def test_one_vs_all_of_no_numbers_is_none() -> None:
    """A NaN or an infinity of any node shows in the loss, where the training looks for it."""
    for broken in (math.nan, math.inf, -math.inf):
        nodes = NODES.clone()
        nodes[1, 0] = broken
        for metric in ("dot", "l2"):
            loss = one_vs_all_loss(QUERIES, nodes, torch.tensor([0]), torch.tensor([2]), metric)
            assert not loss.isfinite()


@pytest.mark.parametrize("metric", ["dot", "l2"])
def test_one_vs_all_stays_finite(metric: str) -> None:
    """Far vectors, and a query that lies on its target."""
    queries = torch.tensor([[300.0, 0.0], [1.0, 1.0]], requires_grad=True)
    nodes = torch.tensor([[1.0, 1.0], [-300.0, 0.0]], requires_grad=True)
    loss = one_vs_all_loss(queries, nodes, torch.tensor([0, 1]), torch.tensor([1, 0]), metric)
    loss.backward()
    for tensor in (loss, queries.grad, nodes.grad):
        assert tensor is not None
        assert tensor.isfinite().all()
