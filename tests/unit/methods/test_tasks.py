"""Methods of several tasks: weights, whose turn it is, and who shares a scorer."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from embedding_features.encoders import Lookup
from embedding_features.graph import Graph
from embedding_features.graph.view import GraphView, View
from embedding_features.methods import Trained
from embedding_features.methods.task import Task
from embedding_features.multitask import Sum, Uncertainty, Weighting
from embedding_features.objectives import Objective, Step
from embedding_features.sampling import Examples, Sampler
from embedding_features.training import Adam, Training

SUM = Sum()
#: the batches that samplers were asked for: (name, seed, epoch, number)
DRAWN: list[tuple[str, int, int, int]] = []


class Turns(Sampler):
    """So many batches an epoch, each of the first user and the first item."""

    kind: Literal["turns"] = "turns"
    name: str
    count: int

    def steps(self, view: GraphView, batch_size: int) -> int:
        return self.count

    def epoch(self, view: GraphView, batch_size: int, *, seed: int, epoch: int) -> Iterator[Examples]:
        for number in range(self.count):
            DRAWN.append((self.name, seed, epoch, number))
            item = torch.tensor([view.span("item").start])
            yield Examples(torch.tensor([0]), item, item)


class Slope(Objective):
    """The sum of the first user's coordinates, times a number: its gradient is that number."""

    kind: Literal["slope"] = "slope"
    slope: float
    of: Literal["src", "dst"] = "src"

    def loss(self, step: Step) -> Tensor:
        return self.slope * (step.encoded.src if self.of == "src" else step.encoded.dst).sum()


class Constant(Objective):
    """A loss that no vector changes."""

    kind: Literal["constant_loss"] = "constant_loss"
    value: float

    def loss(self, step: Step) -> Tensor:
        return self.value + 0 * step.encoded.src.sum()


def constant(name: str, value: float) -> Task:
    return Task(sampler=Turns(name=name, count=1), objective=Constant(value=value))


def graph_of() -> Graph:
    edges = {("user", "saw", "item"): (np.array([1, 2, 3]), np.array([4, 5, 4]))}
    return Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges)


def method_of(*tasks: Task, weighting: Weighting = SUM, **training: Any) -> Trained:
    settings = {"optimizer": Adam(lr=0.01), "epochs": 1, "early_stop": None, **training}
    return Trained(
        view=View(weights="one"),
        encoder=Lookup(dim=2),
        tasks=tasks,
        weighting=weighting,
        training=Training.model_validate(settings),
    )


def task(name: str, count: int, slope: float = 1.0, weight: float = 1.0, of: str = "src") -> Task:
    return Task(sampler=Turns(name=name, count=count), objective=Slope(slope=slope, of=of), weight=weight)


def test_an_epoch_is_one_pass_of_the_first_and_the_others_go_round() -> None:
    """Three steps an epoch; the second task has two batches and begins again, anew in each epoch."""
    DRAWN.clear()
    method_of(task("first", 3), task("second", 2), epochs=2).fit(graph_of(), seed=7)
    firsts = [drawn[1:] for drawn in DRAWN if drawn[0] == "first"]
    assert firsts == [(7, epoch, number) for epoch in (1, 2) for number in range(3)]
    seconds = [drawn for drawn in DRAWN if drawn[0] == "second"]
    assert [drawn[2:] for drawn in seconds] == [(1, 0), (1, 1), (2, 0)] * 2
    seeds = {drawn[1] for drawn in seconds}
    assert len(seeds) == 2  # of its own, another in each epoch of the first
    assert 7 not in seeds


def test_several_tasks_add_up_by_their_weights() -> None:
    """Slopes 2 · 3 and −5 · 1 of the same vector leave 1, of which Adam takes the sign."""
    start = method_of(task("first", 1, 0.0)).fit(graph_of()).encoder.table
    for slopes, sign in (((3.0, 2.0, -5.0), -1), ((2.0, 2.0, -5.0), 1)):
        one, weight, other = slopes
        both = method_of(task("first", 1, one, weight), task("second", 1, other)).fit(graph_of())
        torch.testing.assert_close(both.encoder.table[0], start[0] + 0.01 * sign, rtol=0, atol=1e-4)
        torch.testing.assert_close(both.encoder.table[1:], start[1:])


def test_the_loss_is_the_sum_of_all_tasks() -> None:
    start = method_of(task("first", 1, 0.0)).fit(graph_of()).encoder.table.detach()
    fitted = method_of(task("first", 1, 3.0, 2.0), task("second", 1, -5.0, of="dst")).fit(graph_of())
    expected = 6 * start[0].sum() - 5 * start[3].sum()
    assert fitted.provenance.figures["loss"] == pytest.approx(float(expected), rel=1e-5)


def test_uncertain_tasks_learn_to_weigh_less() -> None:
    """By Kendall's weights a loss of 40 and one of .5 end alike, each as 1/2 at rest."""

    fitted = method_of(
        constant("large", 40.0),
        constant("small", 0.5),
        weighting=Uncertainty(),
        optimizer=Adam(lr=0.1),
        epochs=150,
    ).fit(graph_of())
    # at rest Σ exp(−s_i) L_i + s_i / 2 with exp(−s_i) = 1 / (2 L_i), s bounded at 4
    assert fitted.provenance.figures["loss"] == pytest.approx(40 * np.exp(-4) + 2 + 0.5, abs=0.05)


def test_penalties_are_added_before_the_weight() -> None:
    penalized = Task(
        sampler=Turns(name="one", count=1),
        objective=Constant(value=3.0),
        penalties=(Constant(value=4.0), Constant(value=5.0)),
        weight=2.0,
    )
    assert method_of(penalized).fit(graph_of()).provenance.figures["loss"] == pytest.approx(24)


def test_without_a_task_there_is_no_method() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        method_of()
