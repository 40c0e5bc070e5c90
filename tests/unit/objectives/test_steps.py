"""Losses of whole steps of queries against sums over edges, one by one."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from embedding_features.encoders import Encoded, Lookup, Network
from embedding_features.errors import ConfigError
from embedding_features.graph import Graph
from embedding_features.graph.view import GraphView, View
from embedding_features.objectives import N3, OneVsAll, SampledSoftmax, Step
from embedding_features.sampling import Examples, Pairs, Queries
from embedding_features.scorers import (
    ComplEx,
    Cosine,
    DistMult,
    Dot,
    RelationScorer,
    RotatE,
    Scorer,
    TransE,
)

SCORERS: list[RelationScorer] = [TransE(), TransE(metric="dot"), DistMult(), ComplEx(), RotatE(metric="l2")]
IDS = [scorer.kind + scorer.metric for scorer in SCORERS]


def view_of() -> GraphView:
    """Items and users by two relations between them and one between users."""
    rng = np.random.default_rng(0)
    edges: dict[tuple[str, str, str], Any] = {
        ("user", "saw", "item"): (rng.integers(0, 9, 30), rng.integers(0, 7, 30)),
        ("user", "knows", "user"): (rng.integers(0, 9, 12), rng.integers(0, 9, 12)),
    }
    return View(weights="one").build(Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges))


def parts(scorer: Scorer) -> tuple[Network, Any]:
    generator = torch.Generator().manual_seed(0)
    return Lookup(dim=6, std=0.5).build(view_of(), generator), scorer.build(4, 6, generator)


def steps_of(scorer: Scorer, sampler: Queries | Pairs) -> list[Step]:
    network, compare = parts(scorer)
    batches = sampler.epoch(view_of(), 5, seed=0, epoch=1)
    return [Step(examples, *network.encode(examples), compare) for examples in batches]


def edges_of(examples: Examples) -> list[tuple[int, int, int]]:
    of = examples.of.tolist()
    return list(
        zip(examples.src[of].tolist(), examples.relation[of].tolist(), examples.dst.tolist(), strict=True)
    )


@pytest.mark.parametrize("candidates", [None, 3])
@pytest.mark.parametrize("scorer", SCORERS, ids=IDS)
def test_one_vs_all_of_a_step_is_the_softmax_of_each_edge(
    scorer: RelationScorer, candidates: int | None
) -> None:
    """Of drawn candidates, those that are no targets of the query count as one over their chance."""
    network, compare = parts(scorer)
    vectors = network.vectors()
    for step in steps_of(scorer, Queries(candidates=candidates)):
        shared, chances, losses = step.examples.negatives, step.examples.chances, []
        assert (chances is None) == (candidates is None)
        edges = edges_of(step.examples)
        for s, r, t in edges:
            scores = compare(vectors[s], torch.tensor(r), vectors[shared])
            targets = torch.tensor([other for *query, other in edges if query == [s, r]])
            if chances is not None:
                scores = scores - chances.log().where(~torch.isin(shared, targets), 0)
            losses.append(cross_entropy(scores, (shared == t).nonzero()[0, 0]))
        expected = torch.stack(losses).mean()
        torch.testing.assert_close(OneVsAll().loss(step), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scorer", SCORERS, ids=IDS)
def test_n3_of_a_step_is_the_mean_over_edges(scorer: RelationScorer) -> None:
    network, compare = parts(scorer)
    vectors = network.vectors()
    for step in steps_of(scorer, Queries()):
        total = 0.0
        for s, r, t in edges_of(step.examples):
            squares = [compare.squared_moduli(vectors[node]) for node in (s, t)]
            squares.append(compare.relation_squared_moduli(torch.tensor(r)))
            total += sum(square.sqrt().pow(3).sum().item() for square in squares)
        expected = 0.3 * total / len(step.examples.dst)
        assert N3(weight=0.3).loss(step).item() == pytest.approx(expected, rel=1e-4)


def test_the_positive_is_masked_among_its_own_shared_negatives_alone() -> None:
    for step in steps_of(DistMult(), Queries(candidates=3)):
        shared, scores = step.examples.negatives, step.negative
        assert scores.shape == (len(step.examples.dst), len(shared))
        assert scores.isneginf().sum() == len(scores)
        for row, (s, r, t) in enumerate(edges_of(step.examples)):
            assert shared[scores[row].isneginf()].tolist() == [t]
            of = int(step.examples.of[row])
            assert (int(step.examples.src[of]), int(step.examples.relation[of])) == (s, r)
        others = ~scores.isneginf()
        crossed = step.compare.cross(step.queries, step.encoded.negatives)[step.examples.of]
        assert torch.equal(scores[others], crossed[others])


def test_positives_of_queries_are_scored_with_their_own_anchor() -> None:
    network, compare = parts(ComplEx())
    vectors = network.vectors()
    for step in steps_of(ComplEx(), Queries()):
        expected = [compare(vectors[s], torch.tensor(r), vectors[t]) for s, r, t in edges_of(step.examples)]
        torch.testing.assert_close(step.positive, torch.stack(expected))


def test_a_loss_of_scores_takes_queries_too() -> None:
    """Against all nodes it is the 1-vs-all loss: the positive is counted once."""
    for step in steps_of(ComplEx(), Queries(candidates=None)):
        torch.testing.assert_close(SampledSoftmax().loss(step), OneVsAll().loss(step), rtol=1e-4, atol=1e-5)


def test_pairs_have_negatives_of_their_own() -> None:
    view = View.of("saw", weights="one").build(
        Graph.from_arrays(
            datetime(2026, 1, 1, tzinfo=UTC),
            {("user", "saw", "item"): (np.arange(12) % 5, np.arange(12) % 7)},
        )
    )
    network = Lookup(dim=4, std=0.5).build(view, torch.Generator().manual_seed(0))
    compare, vectors = Dot().build(2, 4, torch.Generator()), network.vectors()
    for examples in Pairs().epoch(view, 5, seed=0, epoch=1):
        step = Step(examples, *network.encode(examples), compare)
        torch.testing.assert_close(step.positive, (vectors[examples.src] * vectors[examples.dst]).sum(1))
        expected = (vectors[examples.src].unsqueeze(1) * vectors[examples.negatives]).sum(2)
        torch.testing.assert_close(step.negative, expected)


def test_gradients_reach_nodes_and_relations() -> None:
    for scorer in SCORERS:
        network, compare = parts(scorer)
        total = torch.zeros(())
        for examples in Queries(candidates=2).epoch(view_of(), 5, seed=0, epoch=1):
            step = Step(examples, *network.encode(examples), compare)
            total = total + OneVsAll().loss(step) + N3().loss(step)
        total.backward()
        for parameter in (network.table, compare.relations):
            assert (parameter.grad != 0).any(dim=1).all()


@pytest.mark.parametrize("scorer", [TransE(metric="l1"), RotatE(metric="moduli"), Cosine()])
def test_metrics_that_are_no_product_are_refused(scorer: Scorer) -> None:
    step = steps_of(scorer, Queries())[0]
    with pytest.raises(ConfigError, match=f"dot or l2, not {scorer.metric}"):
        OneVsAll().loss(step)


def test_examples_that_are_no_queries_are_refused() -> None:
    rows = torch.zeros(2, dtype=torch.int64)
    vectors = Encoded(torch.ones(2, 6), torch.ones(2, 6), torch.ones(3, 6))
    compare = DistMult().build(4, 6, torch.Generator())
    step = Step(Examples(rows, rows, torch.arange(3), rows), vectors, vectors, compare)
    with pytest.raises(ConfigError, match="needs queries with shared candidates"):
        OneVsAll().loss(step)
    bare = Step(Examples(rows, rows, torch.arange(3)), vectors, vectors, compare)
    plain = Step(Examples(rows, rows, torch.arange(3), rows), vectors, vectors, parts(Dot())[1])
    for without in (bare, plain):
        with pytest.raises(ConfigError, match="n3 is a penalty on relations"):
            N3().loss(without)


def test_shared_negatives_that_are_left_out_count_nothing_by_hand() -> None:
    """Two anchors share three negatives; the first leaves out two of them, the second none."""
    src, dst = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    shared = torch.tensor([[1.0, 1.0], [2.0, 0.0], [0.0, 5.0]], requires_grad=True)
    places = torch.tensor([[0, 0], [0, 2]])
    examples = Examples(torch.arange(2), torch.arange(2, 4), torch.arange(4, 7), left_out=places)
    encoded = Encoded(src, dst, shared)
    step = Step(examples, encoded, encoded, Dot().build(2, 2, torch.Generator()))
    nothing = float("-inf")
    assert step.negative.tolist() == [[nothing, 2.0, nothing], [2.0, 0.0, 10.0]]
    loss = SampledSoftmax().loss(step)
    first, second = torch.tensor([3.0, 2.0]), torch.tensor([2.0, 2.0, 0.0, 10.0])
    by_hand = (first.logsumexp(0) - 3.0 + second.logsumexp(0) - 2.0) / 2
    assert loss.item() == pytest.approx(by_hand.item())
    loss.backward()
    assert shared.grad is not None
    assert shared.grad.isfinite().all()
