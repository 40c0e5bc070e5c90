"""The search for a method's settings."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from embedding_features.config import config_hash
from embedding_features.errors import ConfigError
from embedding_features.graph.graph import Graph
from embedding_features.methods.base import Method
from embedding_features.methods.registry import get_method
from embedding_features.methods.search_space import Scalar, SearchSpace
from embedding_features.progress import SILENT, Progress
from embedding_features.tuning.journal import open_study
from embedding_features.tuning.result import Tuned
from embedding_features.tuning.settings import Tuning
from embedding_features.tuning.space import chosen_space
from embedding_features.tuning.split import TuningSplit
from embedding_features.tuning.trials import Trials


def tune(
    name: str,
    graph: Graph,
    fixed: Mapping[str, Any] | None = None,
    *,
    parameters: Sequence[str] | None = None,
    settings: Tuning | None = None,
    trials: int = 30,
    minutes: float | None = None,
    root: Path | None = None,
    progress: Progress = SILENT,
) -> Tuned:
    """Search for better settings of a method on a validation split of ``graph``.

    The first trial is what the method would be without the search: its defaults, and ``fixed``. A later trial
    that cannot be fitted is recorded as failed. A training that is stopped early is pruned where its checks
    are below the median of the other trials at the same epoch.

    Args:
        name: of the registered method.
        graph: what may be learned from; the split is taken out of it.
        fixed: parameters that the method gets; those that are searched start from there, and what they may be
            set to is widened to include that start.
        parameters: which of those that the method declares to be tunable are searched; None for all.
        settings: the split and the metric.
        trials: how many, with those of an earlier call that is resumed.
        minutes: after which no further trial begins; at least one is made.
        root: folder of searches. The same search on the same graph goes on in it where it was; None keeps
            nothing.
        progress: shows the trials.

    Raises:
        ConfigError: when there is no such method, or it does not declare a parameter tunable, or ``trials``
            or ``minutes`` are not above 0.
        GraphError: when the relation cannot be split (see :func:`.split_holdout`).
        DataError: when another process goes on with the same search.
        EmbeddingFeaturesError: when the first trial fails.

    Example:
        >>> from datetime import UTC, datetime
        >>> import numpy as np
        >>> edges = {("user", "bought", "item"): np.random.default_rng(0).integers(0, 30, (2, 400))}  # ids
        >>> graph = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges)
        >>> tuned = tune("spectral", graph, {"dim": 2}, parameters=["item_exponent"], trials=3)
        >>> len(tuned.trials), tuned.start.parameters, tuned.best.figure >= tuned.start.figure
        (3, {'item_exponent': 0.4}, True)
    """
    _check_limits(trials, minutes)
    info, fixed, settings = get_method(name), dict(fixed or {}), settings or Tuning()
    start = info.make(**fixed)
    values = {**info.parameters, **fixed}
    space = chosen_space(info, parameters, values)
    folder = None if root is None else root / f"{name}-{_key(start, space, settings, graph)}"
    split = TuningSplit.of(graph, start.view.first(graph), settings)

    def make(tried: Mapping[str, Scalar]) -> Method:
        return info.make(**{**fixed, **tried})

    with open_study(folder) as study:
        search = Trials(study, make, {key: values[key] for key in space}, space, split)
        _run(search, trials, minutes, progress)
        return Tuned(name, fixed, space, search.finished(), folder)


def _run(search: Trials, trials: int, minutes: float | None, progress: Progress) -> None:
    """Make trials until there are so many, or the time is over."""
    end = math.inf if minutes is None else time.monotonic() + 60 * minutes
    done = len(search.finished())
    with progress.task("tune", max(trials, done)) as advance:
        advance(done)
        while done < trials and (done == 0 or time.monotonic() < end):
            search.run_next(progress)
            done += 1
            advance(1, _status(search))


def _status(search: Trials) -> str:
    figures = [trial.figure for trial in search.finished() if trial.figure is not None]
    return f"best {search.split.settings.metric} {max(figures):.4f}, at first {figures[0]:.4f}"


def _check_limits(trials: int, minutes: float | None) -> None:
    if trials < 1:
        raise ConfigError(f"{trials} trials find nothing", fix="ask for one or more")
    if minutes is not None and not minutes > 0:
        raise ConfigError(f"{minutes:g} minutes are no time", fix="give some, or no limit")


def _key(start: Method, space: Mapping[str, SearchSpace], settings: Tuning, graph: Graph) -> str:
    """Return the name of exactly this search on exactly this graph."""
    made_of = {
        "method": start.model_dump(mode="json"),
        "space": {key: asdict(one) for key, one in space.items()},
        "settings": settings.model_dump(mode="json"),
        "graph": graph.fingerprint,
    }
    return config_hash(made_of)[:8]
