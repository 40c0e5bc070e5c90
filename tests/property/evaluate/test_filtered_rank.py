"""Filtered ranks against three loops, on small random graphs with planted ties."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.arrays import F32
from embedding_features.evaluate import filtered_rank
from embedding_features.evaluate.filtered_rank import FilteredRanks, rank_triples
from embedding_features.graph.triples import TripleArrays
from embedding_features.scorers import Compare, ComplEx, DistMult, RelationScorer, RotatE, TransE

SCORERS: list[RelationScorer] = [
    TransE(metric="l1"),
    TransE(metric="l2"),
    TransE(metric="dot"),
    DistMult(),
    ComplEx(),
    RotatE(metric="moduli"),
    RotatE(metric="l2"),
]
Triple = tuple[int, int, int]


def rows(triples: TripleArrays) -> list[Triple]:
    return list(zip(*(column.tolist() for column in triples), strict=True))


def loop(compare: Compare, vectors: F32, triple: Triple, known: set[Triple], place: int) -> float:
    """The mean rank, among scores that are equal but for rounding, of the node at ``place`` of ``triple``."""
    scores = {}
    for node in range(len(vectors)):
        other = (*triple[:place], node, *triple[place + 1 :])
        if node == triple[place] or other not in known:
            src, relation, dst = other
            ends = torch.tensor(vectors[src]), torch.tensor(vectors[dst])
            scores[node] = compare(ends[0], torch.tensor(relation), ends[1]).item()
    own = scores.pop(triple[place])
    above = sum(s > own + 1e-6 for s in scores.values())
    return 1 + above + sum(abs(s - own) <= 1e-6 for s in scores.values()) / 2


def check(
    compare: Compare, vectors: F32, asked: TripleArrays, known: TripleArrays, relations: int, reciprocal: bool
) -> FilteredRanks:
    """Compare ranks with the loops over triples, both sides and nodes."""
    ranks = rank_triples(compare, vectors, asked, known, reciprocal=reciprocal)
    truths = set(rows(known))
    backwards = {(dst, relation + relations, src) for src, relation, dst in truths}
    for at, (src, relation, dst) in enumerate(rows(asked)):
        assert ranks.dst[at] == loop(compare, vectors, (src, relation, dst), truths, 2)
        if reciprocal:
            back = (dst, relation + relations, src)
            assert ranks.src[at] == loop(compare, vectors, back, backwards, 2)
        else:
            assert ranks.src[at] == loop(compare, vectors, (src, relation, dst), truths, 0)
    return ranks


def graph(rng: np.random.Generator, nodes: int, relations: int) -> tuple[TripleArrays, TripleArrays]:
    """Five triples to rank, and the twelve known ones that they are among."""
    known = TripleArrays(*(rng.integers(0, size, 12) for size in (nodes, relations, nodes)))
    return TripleArrays(*(column[:5] for column in known)), known


@given(st.integers(0, 2**32 - 1), st.sampled_from(SCORERS), st.booleans(), st.integers(1, 40))
@settings(deadline=None, max_examples=150)
def test_ranks_are_those_of_three_loops(
    seed: int, scorer: RelationScorer, reciprocal: bool, block: int
) -> None:
    """Vectors are of few whole numbers, whose scores float32 holds exactly, so that many are equal."""
    rng = np.random.default_rng(seed)
    nodes, relations = int(rng.integers(2, 9)), int(rng.integers(1, 4))
    vectors = rng.integers(-1, 2, (nodes, 4)).astype(np.float32)
    compare = scorer.build(relations * (1 + reciprocal), 4, torch.Generator())
    whole = torch.tensor(rng.integers(-1, 2, compare.relations.shape), dtype=torch.float32)
    compare.relations.data = torch.zeros_like(whole) if isinstance(scorer, RotatE) else whole
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filtered_rank, "_BLOCK_SCORES", block)
        check(compare, vectors, *graph(rng, nodes, relations), relations, reciprocal)


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize("reciprocal", [False, True])
def test_ranks_of_real_vectors_are_those_of_three_loops(scorer: RelationScorer, reciprocal: bool) -> None:
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(40, 6)).astype(np.float32)
    vectors[30:] = vectors[20:30]  # ten pairs of equal vectors
    compare = scorer.build(3 * (1 + reciprocal), 6, torch.Generator().manual_seed(1))
    ranks = check(compare, vectors, *graph(rng, 40, 3), 3, reciprocal)
    assert len({*ranks.src, *ranks.dst}) > 3
