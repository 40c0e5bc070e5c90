"""The 1-vs-all training: its loss against a loop, what it learns, and what it refuses."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from embedding_features.errors import ConfigError, DataError, TrainingError
from embedding_features.evaluate.filtered_rank import rank_triples
from embedding_features.graph.triples import TripleArrays
from embedding_features.scorers import ComplEx, DistMult, RelationScorer, RotatE, TransE
from embedding_features.solvers.kge import OneVsAll, OneVsAllRun

NODES, RELATIONS = 24, 2


def chain() -> TripleArrays:
    """Relation 0 leads one node on, relation 1 three nodes on, as far as there are nodes."""
    ends = [
        (src, relation, src + step) for relation, step in enumerate((1, 3)) for src in range(NODES - step)
    ]
    return TripleArrays(*np.array(ends).T)


def started(scorer: RelationScorer, **settings: object) -> OneVsAllRun:
    made = OneVsAll.model_validate({"scorer": scorer, "dim": 16, "batch_size": 7, "std": 0.1, **settings})
    return OneVsAllRun(made, chain(), NODES, RELATIONS, seed=3)


@pytest.mark.parametrize("scorer", [TransE(), DistMult(), ComplEx(), RotatE(metric="l2")])
@pytest.mark.parametrize("weight", [0.0, 0.3])
def test_loss_of_a_step_is_that_of_its_edges_one_by_one(scorer: RelationScorer, weight: float) -> None:
    triples = TripleArrays(np.array([0, 0, 1, 2]), np.array([0, 0, 0, 1]), np.array([1, 2, 2, 0]))
    run = OneVsAllRun(OneVsAll(scorer=scorer, dim=6, std=0.5, n3=weight), triples, 4, 2, seed=1)
    both, total = triples.with_inverses(2), 0.0
    for src, relation, dst in zip(*(torch.tensor(column) for column in both), strict=True):
        scores = run.compare(run.vectors[src], relation, run.vectors)
        total += cross_entropy(scores.unsqueeze(0), dst.unsqueeze(0)).item()
        squares = [run.compare.squared_moduli(run.vectors[node]) for node in (src, dst)]
        squares.append(run.compare.relation_squared_moduli(relation))
        total += weight * sum(square.sqrt().pow(3).sum().item() for square in squares)
    assert len(run.known.src) == 6  # of eight edges (0, 0) has two, and so has its like from the other side
    assert run._loss(np.arange(6)).item() == pytest.approx(total / 8, rel=1e-4)


@pytest.mark.parametrize("scorer", [TransE(), ComplEx(), RotatE(metric="l2")])
@pytest.mark.parametrize("sampled", [None, 8])
def test_a_chain_is_learned(scorer: RelationScorer, sampled: int | None) -> None:
    run = started(scorer, optimizer="adam", lr=0.02, sampled=sampled)
    first = run.epoch()
    for _ in range(150):
        last = run.epoch()
    assert last < 0.5 * first
    vectors = run.vectors.detach().numpy()
    ranks = rank_triples(run.compare, vectors, chain(), chain(), reciprocal=True)
    assert ranks.mrr > 0.9
    assert min((1 / ranks.src).mean(), (1 / ranks.dst).mean()) > 0.9


def test_adagrad_learns_too_and_the_penalty_keeps_vectors_small() -> None:
    free, held = started(ComplEx()), started(ComplEx(), n3=0.1)
    for _ in range(30):
        free.epoch()
        held.epoch()
    assert held.vectors.norm() < 0.8 * free.vectors.norm()


def test_a_step_moves_vectors_and_relations() -> None:
    run = started(ComplEx())
    before = [one.detach().clone() for one in (run.vectors, run.compare.relations)]
    run.epoch()
    for now, then in zip((run.vectors, run.compare.relations), before, strict=True):
        assert (now != then).any(dim=1).all()


def test_a_seed_gives_the_same_vectors() -> None:
    runs = [started(ComplEx()) for _ in range(2)]
    assert runs[0].epoch() == runs[1].epoch()
    assert torch.equal(runs[0].vectors, runs[1].vectors)


@pytest.mark.parametrize("scorer", [TransE(metric="l1"), RotatE(metric="moduli")])
def test_metrics_that_are_no_product_are_refused(scorer: RelationScorer) -> None:
    with pytest.raises(ConfigError, match="no product of matrices"):
        started(scorer)


def test_no_triples_are_refused() -> None:
    nothing = TripleArrays(*np.zeros((3, 0), np.int64))
    with pytest.raises(DataError, match="no triples"):
        OneVsAllRun(OneVsAll(scorer=ComplEx()), nothing, NODES, RELATIONS)


def test_a_loss_that_is_no_number_is_refused() -> None:
    run = started(DistMult(std=1e20), std=1e20)
    with pytest.raises(TrainingError, match=r"lower the learning rate 0\.1"):
        run.epoch()


def test_a_sampled_step_compares_with_its_targets_and_what_is_drawn() -> None:
    run = started(ComplEx(), sampled=5)
    targets = torch.tensor([20, 3, 3])
    nodes, places, chances = run._candidates(targets)
    assert 2 < len(nodes) <= 7
    assert torch.equal(nodes[places], run.vectors[targets])
    assert len(nodes.unique(dim=0)) == len(nodes)
    assert chances is not None
    assert len(chances) == len(nodes)
    everyone, same, certain = started(ComplEx())._candidates(targets)
    assert len(everyone) == NODES
    assert certain is None
    assert torch.equal(same, targets)


def test_chances_are_how_often_a_node_is_compared_with() -> None:
    """Over 4,000 steps of random queries, within five standard errors of a frequency."""
    run = started(ComplEx(), sampled=5)
    run.vectors.data[:, 0] = torch.arange(NODES)
    random, steps, seen = np.random.default_rng(0), 4000, np.zeros(NODES)
    for _ in range(steps):
        _, targets = run._edges(random.permutation(len(run.known.src))[:7])
        nodes, _, _ = run._candidates(targets)
        seen[nodes[:, 0].detach().numpy().astype(np.int64)] += 1
    chances = run._chances.numpy()
    assert chances.min() > 0.15
    np.testing.assert_allclose(seen / steps, chances, atol=5 * 0.5 / np.sqrt(steps))
