"""What it costs when events are seen minutes or hours late: fresh figures made without the newest ones."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import pyarrow as pa
from pydantic import AfterValidator

from embedding_features.fresh import FreshSeries
from ranking.dataset.dataset import Dataset
from ranking.dataset.fresh_columns import FreshColumns
from ranking.experiment.arm import Arm
from ranking.experiment.arms import make_arm, select
from ranking.experiment.factors.base import GridContext
from ranking.experiment.variants import Variant
from ranking.inputs.groups import FRESH_GROUP
from ranking.inputs.inputs import Inputs
from ranking.log_features.log import Log
from ranking.task.task import Task

#: the arm that others are compared with, whose features are never late; and the one that is made late
BASELINE, FRESH = "none", "fresh"
_MICROS = {"s": 10**6, "m": 60 * 10**6, "h": 3600 * 10**6, "d": 86_400 * 10**6}


def lag_micros(lag: str) -> int:
    """Return a time such as ``30s``, ``10m``, ``1h`` or ``1d`` in µs.

    Raises:
        ValueError: when it is no such time.
    """
    found = re.fullmatch(r"([1-9]\d{0,5})([smhd])", lag)
    if found is None:
        raise ValueError(f"a lag of {lag!r}: write a number of s, m, h or d, as 10m")
    return int(found[1]) * _MICROS[found[2]]


def _checked(lag: str) -> str:
    lag_micros(lag)
    return lag


#: after how long an event is seen, such as ``30s``, ``10m``, ``1h`` or ``1d``
Lag = Annotated[str, AfterValidator(_checked)]


def late_arms(
    dataset: Dataset,
    task: Task,
    log: Log,
    series: Sequence[FreshSeries],
    grid: GridContext,
    lags: Sequence[str],
) -> list[Arm]:
    """Return the baseline, the variant ``fresh``, and it once a lag with figures that lack the newest events.

    The baseline's own counts and means are never late. An age of events counts from when they are seen.

    Args:
        dataset: which has the fields of both.
        task: which says what node types the sides are.
        log: the labels.
        series: what makes the fresh figures.
        grid: what variants refer to.
        lags: as :func:`lag_micros` takes them.

    Raises:
        ConfigError: when the data set lacks fresh fields.
    """
    baseline, fresh = (make_arm(dataset, Variant(features=name), grid) for name in (BASELINE, FRESH))

    def late(lag: str) -> Arm:
        micros = lag_micros(lag)
        return replace(fresh, name=lag, inputs=lambda: _late(dataset, task, log, series, grid, micros))

    return [baseline, fresh, *map(late, lags)]


def _late(
    dataset: Dataset, task: Task, log: Log, series: Sequence[FreshSeries], grid: GridContext, micros: int
) -> Inputs:
    """Return the inputs of ``fresh`` with the figures of events that are seen so late."""
    inputs, encoders = select(dataset, Variant(features=FRESH), grid)
    columns = FreshColumns(series, task, log, late=micros).columns(0, len(log))
    of_fresh = encoders.select(lambda field: field.group == FRESH_GROUP)
    made = of_fresh.encode(pa.table(columns), dataset.inputs.label)
    late = {field.name: field for field in made.fields}
    return replace(inputs, fields=tuple(late.get(field.name, field) for field in inputs.fields))
