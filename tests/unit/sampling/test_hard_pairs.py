"""Hard negatives: their number by epoch, their ranks by a naive count, and never a known positive."""

import numpy as np
import torch

from embedding_features.graph import CSR
from embedding_features.sampling import HardPairs, Uniform
from embedding_features.sampling.known_pairs import known_pairs
from embedding_features.sampling.visit_ranks import draw_ranked, known_among, ranked_destinations
from embedding_features.testing.graphs import clicks_view
from embedding_features.walks import VisitCounts

WALKS = VisitCounts(steps=400, restart=0.3, top=110)
SAMPLER = HardPairs(negatives=Uniform(count=30), hard=3, ranks=(2, 9), visits=WALKS)


def test_epoch_n_has_n_minus_1_hard_negatives_up_to_the_most() -> None:
    view = clicks_view()
    found = [next(SAMPLER.epoch(view, 64, seed=0, epoch=epoch)).hard for epoch in range(1, 7)]
    assert [0 if hard is None else hard.shape[1] for hard in found] == [0, 1, 2, 3, 3, 3]


def test_ranked_are_unknown_destinations_in_the_order_of_their_visits() -> None:
    view = clicks_view()
    relation, adjacency = view.matrix(), view.adjacency()
    got = ranked_destinations(adjacency, relation.forward, (0, 60), (2, 9), WALKS, 5)
    visits = WALKS.count(adjacency, np.arange(60), seed=5)
    for source in range(60):
        has = relation.forward.indices[slice(*relation.forward.indptr[source : source + 2])].tolist()
        names = [int(v) - 60 for v in visits.nodes[source] if v >= 60]
        expected = [v for v in names if v not in has][2:9]
        assert got[source].tolist() == expected + [-1] * (7 - len(expected))
    assert (got >= 0).mean() > 0.5


def test_draws_are_of_the_ranked_and_of_the_others_where_nobody_is() -> None:
    ranked = np.array([[4, 5, -1], [-1, -1, -1]], np.int32)
    drawn = draw_ranked(
        ranked, np.array([0, 1, 0] * 200, np.int32), np.array([8, 9]), 2, np.random.default_rng(0)
    )
    assert set(drawn[0::3].ravel()) | set(drawn[2::3].ravel()) == {4, 5}
    assert set(drawn[1::3].ravel()) == {8, 9}
    assert abs((drawn[0::3] == 4).mean() - 0.5) < 0.1


def test_an_epoch_has_every_pair_once_and_marks_known_positives_among_the_shared() -> None:
    view = clicks_view()
    batches = list(SAMPLER.epoch(view, 64, seed=0, epoch=3))
    again = list(SAMPLER.epoch(view, 64, seed=0, epoch=3))
    forward = view.matrix().forward
    pairs = {(int(s), int(d) - 60) for b in batches for s, d in zip(b.src, b.dst, strict=True)}
    assert len(pairs) == forward.edges == sum(len(b.src) for b in batches)
    assert SAMPLER.steps(view, 64) == len(batches)
    for batch, same in zip(batches, again, strict=True):
        assert torch.equal(batch.hard, same.hard)
        known = {
            (row, column)
            for row, s in enumerate(batch.src.tolist())
            for column, d in enumerate(batch.negatives.tolist())
            if (s, d - 60) in pairs
        }
        assert known == set(zip(*batch.left_out.tolist(), strict=True))
        assert (
            not {(int(s), int(d) - 60) for s, row in zip(batch.src, batch.hard, strict=True) for d in row}
            & pairs
        )


def test_a_source_of_all_destinations_has_no_ranked_ones() -> None:
    full = CSR.from_edges(np.array([0, 0]), np.array([0, 1]), (1, 2))
    square = CSR.from_edges(np.array([0, 0, 1, 2]), np.array([1, 2, 0, 0]), (3, 3))
    assert (ranked_destinations(square, full, (0, 1), (0, 3), WALKS, 0) == -1).all()


def test_known_pairs_by_the_edges_of_a_batch_are_those_by_all_destinations() -> None:
    forward, rng = clicks_view().matrix().forward, np.random.default_rng(2)
    for size in (0, 1, 40):
        src, shared = rng.integers(0, 60, size).astype(np.int32), rng.integers(0, 50, 90)
        np.testing.assert_array_equal(
            known_among(forward, src, shared), np.stack(known_pairs(forward, src, shared))
        )
