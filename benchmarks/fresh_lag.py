"""Measures what it costs when events are seen seconds, minutes or hours late: figures made without them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from embedding_features.arrays import F64, I64
from embedding_features.fresh import Events, FreshSeries
from ranking.dataset.dataset import Dataset
from ranking.experiment.arms import select
from ranking.experiment.factors.base import GridContext
from ranking.experiment.variants import Variant
from ranking.inputs.fields import Number, Vector
from ranking.inputs.inputs import Field, Inputs
from ranking.log_features.log import Log
from ranking.metrics.metrics import auc
from ranking.models import LightGBM

#: name of a lag → its µs
LAGS = {"0s": 0, "1m": 60_000_000, "10m": 600_000_000, "1h": 3_600_000_000, "1d": 86_400_000_000}
_PARTS = ("train", "validation", "test")


def lag_differences(
    dataset: Dataset,
    log: Log,
    series: Sequence[FreshSeries],
    grid: GridContext,
    lags: Sequence[str],
    seeds: int,
) -> dict[str, float]:
    """Return lag → LightGBM's test AUC with figures so late, less that of the baseline, which is not late."""
    baseline = _auc(select(dataset, Variant(features="none"), grid)[0], dataset, seeds)
    fresh = select(dataset, Variant(features="fresh"), grid)[0]
    return {lag: _auc(_late(fresh, log, series, LAGS[lag]), dataset, seeds) - baseline for lag in lags}


def _late(inputs: Inputs, log: Log, series: Sequence[FreshSeries], lag: int) -> Inputs:
    figures = {
        f"{one.family}_user_fresh_{name}": values
        for one in series
        for name, values in _late_figures(one, log, lag).items()
    }
    fields = tuple(
        _replaced(field, figures[field.name]) if field.name in figures else field for field in inputs.fields
    )
    return replace(inputs, fields=fields)


def _replaced(field: Field, values: F64) -> Field:
    narrow = values.astype(np.float32)
    if isinstance(field, Vector):
        return Vector.of(field.name, field.group, field.side, narrow, np.isfinite(narrow).all(axis=1))
    if isinstance(field, Number):
        return replace(field, values=np.log1p(narrow) if field.name.endswith("_events") else narrow)
    raise TypeError(f"{field.name} is neither a number nor a vector")


def _late_figures(series: FreshSeries, log: Log, lag: int) -> dict[str, F64]:
    """Return the figures of all rows, each row a node of its own, whose events are those seen in time."""
    event, row = _seen(log, lag, series.last)
    n = len(log)
    events = Events(
        node=np.concatenate([row, np.arange(n)]),
        other=np.concatenate([log.item[event], log.item]),
        time=np.concatenate([log.time[event], log.time]),
        value=np.concatenate([log.label[event], log.label]),
        wanted=np.arange(len(event) + n) >= len(event),
    )
    found = series.rows(events, log.users.take(log.user), log.items)
    return {name: values[len(event) :] for name, values in found.items()}


def _seen(log: Log, lag: int, last: int) -> tuple[I64, I64]:
    """Return each event that a row sees, by place in the log, and that row."""
    order = np.lexsort((log.time, log.user))
    _, rank = np.unique(log.time, return_inverse=True)
    moments = np.unique(log.time)
    key = log.user[order] * (len(moments) + 1) + rank[order]
    upper = np.searchsorted(moments, log.time - lag, side="left")
    begin = np.searchsorted(key, log.user * (len(moments) + 1))
    end = np.searchsorted(key, log.user * (len(moments) + 1) + upper)
    begin = np.maximum(begin, end - 2 * last)  # what is beyond the last ones does not count
    count = end - begin
    place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(begin, count)
    return order[place], np.repeat(np.arange(len(log)), count)


def _auc(inputs: Inputs, dataset: Dataset, seeds: int) -> float:
    train, validation, test = (inputs.take(dataset.parts[part]) for part in _PARTS)
    fitted = (LightGBM().fit(train, validation, seed) for seed in range(seeds))
    return float(np.mean([auc(test.label, one.predict(test)) for one in fitted]))
