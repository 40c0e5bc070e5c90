"""Measures how soon LightGCN finds held-out pairs of Gowalla, and a step of it beside torch_geometric's.

    python -m benchmarks.lightgcn --json

``seconds_to_1810`` and ``seconds_to_1830`` are training time, at 64 dimensions with the method's defaults,
until recall@20 of the test pairs is at least .1810 and .1830; each epoch is judged, and judging is not
counted. Nothing is chosen by these figures. ``epoch_seconds`` is the median of an epoch.

Beside torch_geometric both sides learn by the paper's BPR, three layers, a uniform negative to each pair and
equal batches, in turns: ours one epoch, theirs ``--steps`` steps, which are scaled to an epoch (at 8 s each
a whole one takes most of an hour). ``epoch_vs_edge_index`` and ``epoch_vs_csr`` are their seconds by ours.

torch_geometric gets an environment of its own (:mod:`benchmarks.peer_environment`); with
``--without-peers`` ours stands alone. The data lies in ``$EMBEDDING_FEATURES_DATA/gowalla``.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from benchmarks.catalogue.data.base import Data, Pairs
from benchmarks.catalogue.data.gowalla import gowalla
from benchmarks.harness import emit, peak_rss_mb
from benchmarks.lightgcn_peers import MODULES, PACKAGES, Form, GeometricSteps
from benchmarks.peer_environment import peer_python
from embedding_features.arrays import F32
from embedding_features.encoders import LightPropagation, Network
from embedding_features.evaluate.retrieval import evaluate_vectors
from embedding_features.graph import CSR
from embedding_features.graph.view import GraphView, View
from embedding_features.methods import Trained, make
from embedding_features.methods.task import Task
from embedding_features.objectives import BPR
from embedding_features.objectives.base import Step
from embedding_features.sampling import Pairs as PairSampler
from embedding_features.scorers import Dot
from embedding_features.training import Adam, Training
from embedding_features.training.loop import train

#: recalls at whose first reaching the clock is read
MARKS = (0.1810, 0.1830)


class Judged:
    """Judges a network after each epoch, and keeps the clock of training alone."""

    def __init__(self, network: Network, view: GraphView, asked: Pairs) -> None:
        relation = view.matrix()
        self._network, self._view, self._seen = network, view, relation.forward
        shape = (relation.forward.rows, relation.forward.columns)
        self._wanted = CSR.from_edges(asked.src, asked.dst, shape)
        self.seconds: list[float] = []
        self.recalls: list[float] = []
        self._began = time.perf_counter()

    def __call__(self) -> float:
        """Return the recall of the test pairs."""
        now = time.perf_counter()
        self.seconds.append(now - self._began)
        relation = self._view.matrix()
        with torch.no_grad():
            vectors: F32 = self._network.vectors().numpy()
        users, items = (vectors[self._view.span(side)] for side in (relation.src, relation.dst))
        self.recalls.append(evaluate_vectors(users, items, self._wanted, self._seen).recall)
        print(
            f"epoch {len(self.recalls)}  {self.seconds[-1]:.0f} s  recall {self.recalls[-1]:.4f}", flush=True
        )
        self._began += time.perf_counter() - now
        return self.recalls[-1]

    def figures(self) -> dict[str, Any]:
        """Return when each mark was reached, None where it was not, and the median of an epoch."""
        reached = {}
        for mark in MARKS:
            at = (s for s, r in zip(self.seconds, self.recalls, strict=True) if r >= mark)
            reached[f"seconds_to_{round(mark * 10_000)}"] = next(at, None)
        each = [after - before for before, after in zip([0.0, *self.seconds], self.seconds, strict=False)]
        return {**reached, "epoch_seconds": median(each), "recall@20": self.recalls[-1]}


def to_recall(data: Data[Pairs], epochs: int) -> dict[str, Any]:
    """Train by the method's defaults on all pairs and return when it found enough of the test pairs."""
    method = make("lightgcn", epochs=epochs)
    assert isinstance(method, Trained)
    view = method.view.build(data.graph)
    list(_losses(method, view, _network(method, view), 1, steps=1))  # compiles
    network = _network(method, view)
    judged = Judged(network, view, data.asked)
    settings = method.training.model_copy(update={"evaluate_every": 1, "patience": epochs})
    steps = method.tasks[0].sampler.steps(view, settings.batch_size)
    train(
        network, lambda epoch: _losses(method, view, network, epoch), settings, steps=steps, validate=judged
    )
    return judged.figures()


def _network(method: Trained, view: GraphView) -> Network:
    return method.encoder.build(view, torch.Generator().manual_seed(0))


def _losses(
    method: Trained, view: GraphView, network: Network, epoch: int, steps: int | None = None
) -> Iterator[Tensor]:
    """Yield the losses of an epoch of a method of one task."""
    (task,) = method.tasks
    compare = task.scorer.build(2, method.encoder.dim, torch.Generator())
    for number, examples in enumerate(
        task.sampler.epoch(view, method.training.batch_size, seed=0, epoch=epoch)
    ):
        if number == steps:
            return
        encoded, ego = network.encode(examples)
        yield task.objective.loss(Step(examples, encoded, ego, compare))


def by_bpr(epochs: int) -> Trained:
    """Return LightGCN as its paper trains it."""
    return Trained(
        view=View(weights="one"),
        encoder=LightPropagation(dim=64, layers=3),
        tasks=(Task(sampler=PairSampler(), objective=BPR(), scorer=Dot()),),
        training=Training(optimizer=Adam(lr=1e-3), batch_size=2048, epochs=epochs, early_stop=None),
    )


def beside_geometric(data: Data[Pairs], steps: int, turns: int) -> dict[str, Any]:
    """Return the seconds of an epoch of each side, medians over turns, and their ratios."""
    method, forms = by_bpr(1), ("edge_index", "csr")
    view = method.view.build(data.graph)
    settings = method.training
    per_epoch = method.tasks[0].sampler.steps(view, settings.batch_size)
    peers = {form: _peer(view, form, settings.batch_size) for form in forms}
    for peer in peers.values():
        peer.seconds(1, seed=0)  # allocates
    ours, theirs = [], {form: [] for form in forms}
    for turn in range(turns):
        ours.append(method.fit(data.graph, seed=turn).provenance.figures["fit_seconds"])
        for form, peer in peers.items():
            theirs[form].append(per_epoch * peer.seconds(steps, seed=turn + 1))
    found: dict[str, Any] = {"bpr_epoch_seconds": median(ours)}
    for form, each in theirs.items():
        found |= {f"{form}_epoch_seconds": median(each), f"epoch_vs_{form}": median(each) / median(ours)}
    return found


def _peer(view: GraphView, form: Form, batch_size: int) -> GeometricSteps:
    return GeometricSteps(view, form, layers=3, dim=64, batch_size=batch_size)


def main() -> None:
    """Measure and report."""
    arguments = _arguments()
    if not arguments.without_peers:
        with peer_python(arguments.environment, PACKAGES, MODULES) as python:
            if python != sys.executable:
                again = [python, "-m", "benchmarks.lightgcn", *sys.argv[1:]]
                sys.exit(subprocess.run(again, check=False).returncode)
    data = gowalla()
    result: dict[str, Any] = {"threads": torch.get_num_threads(), **to_recall(data, arguments.epochs)}
    if arguments.without_peers:
        result["peers"] = "not asked for"
    else:
        result |= beside_geometric(data, arguments.steps, arguments.turns)
    emit({**result, "peak_rss_mb": peak_rss_mb()}, arguments.json)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=25, help="of the way to the recalls")
    parser.add_argument("--steps", type=int, default=5, help="of torch_geometric in a turn, for each form")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument(
        "--environment", type=Path, help="keep torch_geometric's environment for the next time"
    )
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
