"""Selection of a method's parameters on a validation split, never on what it is judged by."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from embedding_features.arrays import I64
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.errors import ConfigError, EmbeddingFeaturesError
from embedding_features.evaluate.holdout import Holdout, split_holdout
from embedding_features.evaluate.metrics import Retrieval
from embedding_features.evaluate.retrieval import evaluate_embeddings
from embedding_features.graph.graph import Graph
from embedding_features.progress import SILENT, Progress


class Fittable(Protocol):
    """The part of a method that a trial needs."""

    def fit(self, graph: Graph, *, seed: int = 0) -> Embeddings:
        """Learn vectors of the graph's nodes."""
        ...


@dataclass(frozen=True)
class Trial:
    """Parameters with the metrics they reached on the validation split; None where the fit failed."""

    parameters: dict[str, Any]
    result: Retrieval | None


@dataclass(frozen=True)
class Selection:
    """The best trial, all trials in the order they were made, and the seconds they took together."""

    best: Trial
    trials: list[Trial]
    seconds: float


def select_parameters(
    make: Callable[..., Fittable],
    grid: Mapping[str, Sequence[Any]],
    graph: Graph,
    *,
    relation: str | None = None,
    fraction: float = 0.2,
    by: Literal["time", "random"] | None = None,
    users: int | None = 6000,
    k: int = 20,
    criterion: Literal["ndcg", "recall"] = "ndcg",
    seed: int = 0,
    progress: Progress = SILENT,
) -> Selection:
    """Search for the best parameters on one validation split, one coordinate at a time.

    From each parameter's first value, one parameter at a time moves to its best value, until no single move
    helps. Every trial sees the same split, users and seed, so that differences between trials are far smaller
    than the metric's own error.

    Args:
        make: parameters → method.
        grid: parameter → values to try, the starting one first.
        graph: what may be learned from; the split is taken out of it. Hold out the way the final judgement
            does (same ``by``, about the same ``fraction``), because the best setting depends on it.
        relation: name of the relation to split; None for the graph's only one.
        fraction: share of the pairs to hold out.
        by: how to split; see :func:`split_holdout`.
        users: how many users, drawn at random, the metric is measured on; None for all.
        k: cut-off of the metric.
        criterion: metric at ``k`` to maximise.
        seed: of the split, the users and every fit.
        progress: where each trial is reported.

    Raises:
        ConfigError: when the grid is empty, or every trial fails.
        GraphError: when the relation cannot be split (see :func:`split_holdout`).
    """
    if not grid or not all(len(values) for values in grid.values()):
        raise ConfigError(
            f"nothing to choose from in the grid {dict(grid)}", fix="give each parameter a value"
        )
    started = time.perf_counter()
    split = split_holdout(graph, relation, fraction, seed, by)
    src, dst = _pairs_of_some(split, users, seed)
    trials: dict[tuple[Any, ...], Trial] = {}

    def score(parameters: dict[str, Any]) -> float:
        key = tuple(parameters.values())
        if key not in trials:
            result = None
            try:
                embeddings = make(**parameters).fit(split.graph, seed=seed)
                result = evaluate_embeddings(embeddings, split.graph, src, dst, relation=relation, k=k)
            except EmbeddingFeaturesError:
                if len(trials) == 0:  # the starting point has to work
                    raise
            trials[key] = Trial(dict(parameters), result)
            advance()
        result = trials[key].result
        return -math.inf if result is None else float(getattr(result, criterion))

    with progress.task("select") as advance:
        best = _coordinate_search(grid, score)
    return Selection(trials[tuple(best.values())], list(trials.values()), time.perf_counter() - started)


def _pairs_of_some(split: Holdout, users: int | None, seed: int) -> tuple[I64, I64]:
    """Return the held-out pairs of at most so many users, drawn at random."""
    everyone = np.unique(split.src)
    if users is None or users >= len(everyone):
        return split.src, split.dst
    kept = np.isin(split.src, np.random.default_rng(seed).choice(everyone, users, replace=False))
    return split.src[kept], split.dst[kept]


def _coordinate_search(
    grid: Mapping[str, Sequence[Any]], score: Callable[[dict[str, Any]], float]
) -> dict[str, Any]:
    """Return the parameters that no change of a single one improves, from the first values of all."""
    best = {name: values[0] for name, values in grid.items()}
    moved = True
    while moved:
        moved = False
        for name, values in grid.items():
            scores = [score({**best, name: value}) for value in values]
            if max(scores) > score(best):
                best, moved = {**best, name: values[int(np.argmax(scores))]}, True
    return best
