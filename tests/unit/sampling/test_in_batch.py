"""Pairs whose negatives are the other destinations of the batch, and nodes drawn beside them."""

from collections import Counter

import numpy as np
import pytest
import torch

from embedding_features.sampling import Examples, InBatchPairs
from tests.unit.sampling.test_sampling import random_view

BATCH = 64


def batches(size: int = BATCH, epoch: int = 1, **settings: object) -> list[Examples]:
    sampler = InBatchPairs.model_validate(settings)
    found = list(sampler.epoch(random_view(), size, seed=0, epoch=epoch))
    assert len(found) == sampler.steps(random_view(), size)
    return found


def test_every_pair_comes_once_in_an_order_of_the_epochs_own() -> None:
    known = random_view().matrix().forward
    first = random_view().span(random_view().matrix().dst).start
    expected = Counter(zip(known.sources().tolist(), (known.indices + first).tolist(), strict=True))
    orders = []
    for epoch in (1, 2):
        found = [pair for one in batches(epoch=epoch) for pair in zip(*_pairs(one), strict=True)]
        assert Counter(found) == expected
        orders.append(found)
    assert orders[0] != orders[1]
    assert [pair for one in batches() for pair in zip(*_pairs(one), strict=True)] == orders[0]


def _pairs(one: Examples) -> tuple[list[int], list[int]]:
    return one.src.tolist(), one.dst.tolist()


def test_negatives_are_the_batchs_destinations_and_drawn_ones() -> None:
    view = random_view()
    span = view.span(view.matrix().dst)
    for one in batches(count=9):
        assert torch.equal(one.negatives[: len(one.dst)], one.dst)
        drawn = one.negatives[len(one.dst) :]
        assert len(drawn) == 9
        assert ((drawn >= span.start) & (drawn < span.stop)).all()
        assert one.chances is None
    assert all(torch.equal(one.negatives, one.dst) for one in batches())


@pytest.mark.parametrize(("alpha", "count"), [(0.0, 0), (0.0, 30), (1.0, 30)])
def test_chances_are_how_often_a_negative_is_met(alpha: float, count: int) -> None:
    view, met, told = random_view(), np.zeros(30), np.zeros(30)
    first = view.span(view.matrix().dst).start
    epochs = 400
    for epoch in range(epochs):
        (*whole, _) = batches(epoch=epoch, count=count, alpha=alpha, correct=True)
        for one in whole:
            assert one.chances is not None
            rows = one.negatives.numpy() - first
            np.add.at(met, rows, 1 / (epochs * len(whole)))
            told[rows] = one.chances.numpy()
    np.testing.assert_allclose(met, told, rtol=0.1)
