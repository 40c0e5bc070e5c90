"""Relation operators against numbers computed by hand, and the properties that searches rely on."""

import math

import pytest
import torch

from embedding_features.config import Part
from embedding_features.errors import ConfigError
from embedding_features.scorers import Compare, ComplEx, DistMult, RelationScorer, RotatE, TransE
from embedding_features.scorers.metric import paired_scores

OPERATORS = [
    TransE(metric="l1"),
    TransE(metric="l2"),
    TransE(metric="dot"),
    DistMult(),
    ComplEx(),
    RotatE(metric="moduli"),
    RotatE(metric="l2"),
]
NAMES = [f"{type(one).__name__}-{getattr(one, 'metric', 'dot')}" for one in OPERATORS]
SRC, DST = torch.tensor([[1.0, 2.0, 3.0, 4.0]]), torch.tensor([[2.0, 0.0, -1.0, 5.0]])
FIRST = torch.tensor([1])

every_operator = pytest.mark.parametrize("scorer", OPERATORS, ids=NAMES)


def built(scorer: RelationScorer, relations: list[list[float]] | None = None, dim: int = 4) -> Compare:
    """An operator of two relations, of which the second has the given parameters."""
    compare = scorer.build(2, dim, torch.Generator().manual_seed(3))
    if relations is not None:
        compare.relations.data = torch.tensor(relations)
    return compare


@pytest.mark.parametrize(
    ("metric", "score"),
    # s + r = (1.5, 1, 3, 6); minus t = (−.5, 1, 4, 1)
    [("l1", -6.5), ("l2", -math.sqrt(0.25 + 1 + 16 + 1)), ("dot", 3 - 3 + 30)],
)
def test_translation(metric: str, score: float) -> None:
    compare = built(TransE.model_validate({"metric": metric}), [[9.0] * 4, [0.5, -1.0, 0.0, 2.0]])
    assert compare.query(SRC, FIRST).tolist() == [[1.5, 1.0, 3.0, 6.0]]
    assert compare(SRC, FIRST, DST).item() == pytest.approx(score)


def test_diagonal() -> None:
    compare = built(DistMult(), [[9.0] * 4, [0.5, -1.0, 2.0, 2.0]])
    assert compare.query(SRC, FIRST).tolist() == [[0.5, -2.0, 6.0, 8.0]]
    assert compare(SRC, FIRST, DST).item() == 1 - 6 + 40
    assert compare(DST, FIRST, SRC).item() == 1 - 6 + 40


def test_complex() -> None:
    """s = (1 + 3i, 2 + 4i), r = (.5 + 2i, −1 + 0i), t = (2 − i, 5i).

    s r = (.5 − 6 + (2 + 1.5) i, −2 − 4i); Re(s r t̄) = −5.5 · 2 + 3.5 · (−1) + (−2) · 0 + (−4) · 5.
    """
    compare = built(ComplEx(), [[9.0] * 4, [0.5, -1.0, 2.0, 0.0]])
    assert compare.query(SRC, FIRST).tolist() == [[-5.5, -2.0, 3.5, -4.0]]
    assert compare(SRC, FIRST, DST).item() == -11 - 3.5 - 20


@pytest.mark.parametrize(
    ("metric", "score"), [("moduli", -math.sqrt(29) - math.sqrt(18)), ("l2", -math.sqrt(47))]
)
def test_rotation(metric: str, score: float) -> None:
    """By 90° and 180° s becomes (−3 + i, −2 − 4i); minus t it is (−5 + 2i, −3 − 3i)."""
    compare = built(RotatE.model_validate({"metric": metric}), [[9.0] * 2, [math.pi / 2, math.pi]])
    turned = torch.tensor([[-3.0, -2.0, 1.0, -4.0]])
    torch.testing.assert_close(compare.query(SRC, FIRST), turned)
    target = torch.tensor([[2.0, 1.0, -1.0, -1.0]])
    assert compare(SRC, FIRST, target).item() == pytest.approx(score)


@every_operator
def test_source_queries_order_sources_as_scores_do(scorer: RelationScorer) -> None:
    generator = torch.Generator().manual_seed(5)
    sources, target = torch.randn(40, 6, generator=generator), torch.randn(6, generator=generator)
    compare = built(scorer, dim=6)
    from_target = paired_scores(compare.source_query(target, torch.tensor(1)), sources, compare.metric)
    scores = compare(sources, torch.ones(40, dtype=torch.long), target)
    torch.testing.assert_close(from_target - from_target.mean(), scores - scores.mean(), rtol=1e-4, atol=1e-5)
    assert scores.std() > 0.1


@every_operator
def test_negatives_are_scored_beside_each_other(scorer: RelationScorer) -> None:
    generator = torch.Generator().manual_seed(7)
    src, dst = torch.randn(3, 6, generator=generator), torch.randn(3, 5, 6, generator=generator)
    compare, relation = built(scorer, dim=6), torch.tensor([0, 1, 1])
    together = compare(src.unsqueeze(1), relation.unsqueeze(1), dst)
    alone = torch.stack([compare(src, relation, dst[:, n]) for n in range(5)], dim=1)
    torch.testing.assert_close(together, alone)


@every_operator
def test_gradients_reach_every_parameter(scorer: RelationScorer) -> None:
    compare = built(scorer)
    src, dst = SRC.clone().requires_grad_(), (DST + 0.5).requires_grad_()
    compare(src, FIRST, dst).sum().backward()
    for tensor in (src, dst):
        assert tensor.grad is not None
        assert (tensor.grad != 0).any()
    assert compare.relations.grad is not None
    assert compare.relations.grad[0].eq(0).all()
    assert (compare.relations.grad[1] != 0).all()


@every_operator
def test_a_source_that_lands_on_the_target_has_a_gradient(scorer: RelationScorer) -> None:
    compare = built(scorer)
    dst = compare.query(SRC, FIRST).detach()
    compare(SRC, FIRST, dst).sum().backward()
    assert compare.relations.grad is not None
    assert compare.relations.grad.isfinite().all()


@every_operator
def test_rotated_operators_score_rotated_vectors_alike(scorer: RelationScorer) -> None:
    rotation, _ = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(11)))
    compare = built(scorer)
    rotated = compare.rotated(rotation)
    if rotated is None:  # there is none: the same operator scores rotated vectors otherwise
        turned = compare(SRC @ rotation, FIRST, DST @ rotation)
        assert not torch.allclose(turned, compare(SRC, FIRST, DST), rtol=1e-3)
        return
    torch.testing.assert_close(rotated(SRC @ rotation, FIRST, DST @ rotation), compare(SRC, FIRST, DST))


def test_only_translations_by_l2_and_dot_product_follow_a_rotation() -> None:
    follow = [
        name
        for one, name in zip(OPERATORS, NAMES, strict=True)
        if built(one).rotated(torch.eye(4)) is not None
    ]
    assert follow == ["TransE-l2", "TransE-dot"]


@pytest.mark.parametrize("scorer", [ComplEx(), RotatE()])
def test_an_odd_width_is_refused(scorer: RelationScorer) -> None:
    with pytest.raises(ConfigError, match=r"dim = 5 is odd[\s\S]*dim = 6"):
        scorer.build(2, 5, torch.Generator())


def test_squared_moduli() -> None:
    relation = [[9.0] * 4, [0.5, -1.0, 2.0, 0.0]]
    assert built(DistMult(), relation).squared_moduli(SRC).tolist() == [[1, 4, 9, 16]]
    assert built(ComplEx(), relation).squared_moduli(SRC).tolist() == [[10, 20]]
    assert built(ComplEx(), relation).relation_squared_moduli(FIRST).tolist() == [[4.25, 1]]
    turns = built(RotatE())
    assert turns.squared_moduli(SRC).tolist() == [[10, 20]]
    assert turns.relation_squared_moduli(FIRST).tolist() == [[1, 1]]


@every_operator
def test_settings_are_read_back_by_kind(scorer: RelationScorer) -> None:
    assert RelationScorer.model_validate(scorer.model_dump(mode="json")) == scorer
    assert isinstance(scorer, Part)


@every_operator
def test_a_seed_gives_the_same_parameters(scorer: RelationScorer) -> None:
    assert torch.equal(built(scorer).relations, built(scorer).relations)
