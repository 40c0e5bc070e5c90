"""Pairs whose batch shares drawn negatives, with other positives of their anchors beside them."""

from collections import Counter

import numpy as np
import pytest
import torch

from embedding_features.sampling import Examples, SharedNegatives
from tests.unit.sampling.test_sampling import random_view

VIEW = random_view()
KNOWN = VIEW.matrix().forward
FIRST = VIEW.span(VIEW.matrix().dst).start


def batches(epoch: int = 1, **settings: object) -> list[Examples]:
    sampler = SharedNegatives.model_validate({"count": 20} | settings)
    found = list(sampler.epoch(VIEW, 64, seed=0, epoch=epoch))
    assert len(found) == sampler.steps(VIEW, 64)
    return found


def known(src: int) -> set[int]:
    return set((KNOWN.indices[KNOWN.indptr[src] : KNOWN.indptr[src + 1]] + FIRST).tolist())


@pytest.mark.parametrize("positives", [1, 3])
def test_every_pair_comes_once_and_beside_it_destinations_of_its_source(positives: int) -> None:
    expected = Counter(zip(KNOWN.sources().tolist(), (KNOWN.indices + FIRST).tolist(), strict=True))
    found = batches(positives=positives)
    assert Counter(pair for one in found for pair in zip(one.src.tolist(), own(one), strict=True)) == expected
    for one in found:
        assert len(one.dst) == positives * len(one.src)
        if one.of is not None:
            assert one.of.tolist() == np.repeat(np.arange(len(one.src)), positives).tolist()
            for anchor, dst in zip(one.of.tolist(), one.dst.tolist(), strict=True):
                assert dst in known(int(one.src[anchor]))
    assert (found[0].of is None) == (positives == 1)


def own(one: Examples) -> list[int]:
    each: list[int] = one.dst.view(len(one.src), -1)[:, 0].tolist()
    return each


def test_other_positives_are_drawn_evenly() -> None:
    drawn: Counter[tuple[int, int]] = Counter()
    epochs = 60
    for epoch in range(epochs):
        for one in batches(epoch, positives=3):
            others = one.dst.view(-1, 3)[:, 1:]
            drawn.update(
                (s, d) for s, row in zip(one.src.tolist(), others.tolist(), strict=True) for d in row
            )
    source = int(np.argmax(KNOWN.degrees))
    counts = np.array([drawn[source, dst] for dst in known(source)])
    np.testing.assert_allclose(counts, 2 * epochs, rtol=0.4)
    assert counts.sum() == 2 * epochs * len(counts)


def test_known_destinations_are_left_out_and_no_others() -> None:
    for one in batches():
        assert one.left_out is not None
        out = set(zip(*one.left_out.tolist(), strict=True))
        expected = {
            (row, column)
            for row, src in enumerate(one.src.tolist())
            for column, negative in enumerate(one.negatives.tolist())
            if negative in known(src)
        }
        assert out == expected
        assert expected
        assert (one.left_out[0].diff() >= 0).all()


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_negatives_are_drawn_by_degrees_to_the_alpha(alpha: float) -> None:
    degrees = VIEW.matrix().reverse.degrees
    rows = torch.cat([one.negatives for epoch in range(60) for one in batches(epoch, alpha=alpha)])
    shares = np.bincount(rows.numpy() - FIRST, minlength=len(degrees)) / len(rows)
    expected = np.where(degrees > 0, np.maximum(degrees, 1.0) ** alpha, 0)
    np.testing.assert_allclose(shares, expected / expected.sum(), rtol=0.35)


def test_degrees_are_those_of_the_nodes() -> None:
    assert batches()[0].degrees is None
    of_src, of_dst = KNOWN.degrees, VIEW.matrix().reverse.degrees
    for one in batches(degrees=True):
        assert one.degrees is not None
        expected = of_src[one.src], of_dst[one.dst - FIRST], of_dst[one.negatives - FIRST]
        assert one.degrees.tolist() == np.concatenate(expected).tolist()
        assert torch.equal(one.to("cpu").degrees, one.degrees)  # type: ignore[arg-type]


def test_an_epoch_is_a_function_of_its_number() -> None:
    first, again, other = batches(1), batches(1), batches(2)
    assert all(torch.equal(a.negatives, b.negatives) for a, b in zip(first, again, strict=True))
    assert not all(torch.equal(a.negatives, b.negatives) for a, b in zip(first, other, strict=True))
