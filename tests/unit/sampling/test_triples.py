"""Triples drawn once from each side, and negatives that a batch or its chunks share."""

from collections import Counter

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from embedding_features.encoders import Lookup
from embedding_features.objectives import Step
from embedding_features.sampling import Examples, Triples
from embedding_features.scorers import DistMult
from tests.unit.objectives.test_steps import view_of

BATCH = 7


def batches(size: int = BATCH, **settings: object) -> list[Examples]:
    return list(Triples.model_validate(settings).epoch(view_of(), size, seed=0, epoch=1))


@pytest.mark.parametrize("chunks", [1, 3])
def test_each_edge_comes_once_from_each_side(chunks: int) -> None:
    view, found = view_of(), Counter[tuple[int, int, int]]()
    for one in batches(chunks=chunks):
        assert one.relation is not None
        found.update(zip(one.src.tolist(), one.relation.tolist(), one.dst.tolist(), strict=True))
    triples = view.triples().with_inverses(len(view.relations))
    columns = (triples.src.tolist(), triples.relation.tolist(), triples.dst.tolist())
    assert found == Counter(zip(*columns, strict=True))
    assert len(batches(chunks=chunks)) == Triples(chunks=chunks).steps(view, BATCH)


@pytest.mark.parametrize("in_batch", [False, True])
def test_a_chunk_shares_nodes_of_the_type_of_its_targets(in_batch: bool) -> None:
    view = view_of()
    for one in batches(count=4, chunks=3, in_batch=in_batch):
        chunks = min(3, len(one.dst) // 2)
        width = 4 + in_batch * len(one.dst)
        assert one.negatives.shape == ((chunks, width) if chunks > 1 else (width,))
        rows = one.negatives.view(-1, width)
        span = next(view.span(name) for name in view.nodes if one.dst[0] in range(view.size)[view.span(name)])
        assert ((rows >= span.start) & (rows < span.stop)).all()
        if in_batch:
            assert (rows[:, : len(one.dst)] == one.dst).all()


def test_chunks_draw_nodes_of_their_own() -> None:
    drawn = [one.negatives for one in batches(count=40, chunks=3, in_batch=False) if one.negatives.ndim == 2]
    assert drawn
    assert all((rows[0] != rows[1]).any() for rows in drawn)


def test_a_batch_too_small_for_two_chunks_is_one() -> None:
    for one, other in zip(batches(3, count=5, chunks=3), batches(3, count=5), strict=True):
        assert one.negatives.ndim == 1
        assert torch.equal(one.negatives, other.negatives)


@pytest.mark.parametrize("chunks", [1, 2, 3])
def test_scores_are_of_each_edge_and_what_its_chunk_shares(chunks: int) -> None:
    """−∞ where a negative is the target itself, and nowhere else."""
    generator = torch.Generator().manual_seed(0)
    network, compare = Lookup(dim=6, std=0.5).build(view_of(), generator), DistMult().build(4, 6, generator)
    vectors = network.vectors()
    for one in batches(count=4, chunks=chunks, in_batch=False):
        assert one.relation is not None
        found = Step(one, *network.encode(one), compare).negative
        rows = one.negatives.view(-1, 4)
        sizes = [len(part) for part in np.array_split(one.src, len(rows))]
        chunk = np.repeat(np.arange(len(rows)), sizes)
        for edge in range(len(one.src)):
            shared = rows[int(chunk[edge])]
            scores = compare(vectors[one.src[edge]], one.relation[edge], vectors[shared])
            wanted = scores.masked_fill(shared == one.dst[edge], -torch.inf)
            torch.testing.assert_close(found[edge], wanted)


def test_no_chunks_are_refused() -> None:
    with pytest.raises(ValidationError, match="chunks"):
        Triples(chunks=0)
