"""The raw columns of fresh figures: made of each label's earlier events and the snapshot it may see."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32, F64, Bool
from embedding_features.fresh import Events, FreshSeries
from ranking.inputs.field_specs import AnyField, NumberSpec, VectorSpec
from ranking.inputs.groups import FRESH_GROUP
from ranking.log_features.log import Log
from ranking.task.task import Side, Task, other_side

#: figures that say how many events there were, and no ranker needs beside the others
_NO_FIELDS = ("fold_in_skipped",)


class FreshColumns:
    """Makes the columns of fresh figures for all labels of a log at once.

    An event is a label that its user's history has: its value is 0 or 1. A service makes the same columns of
    a request's user, items and latest events.

    Args:
        series: of each family and side that is made fresh.
        task: which says what node types the sides are.
        log: the labels, which are the events as well.
        first: the first label whose columns are asked for; those before it are events only.
        late: µs after which an event is seen.
    """

    def __init__(
        self, series: Sequence[FreshSeries], task: Task, log: Log, first: int = 0, late: int = 0
    ) -> None:
        sides = {node_type: side for side, node_type in task.node_types.items()}
        self._of = [(one, sides[one.node_type]) for one in series]
        self._values = [_figures(one, side, _events(log, side, first, late), log) for one, side in self._of]

    def columns(self, start: int, count: int) -> dict[str, pa.Array]:
        """Return the columns of ``count`` labels from ``start``: float32, null where nothing is known."""
        stop = start + count
        return {
            one.column(figure): figure_array(values[start:stop])
            for (one, _), figures in zip(self._of, self._values, strict=True)
            for figure, values in figures.items()
        }

    def specs(self) -> list[AnyField]:
        """Return a number of each figure and a vector of each vector, by family."""
        return [
            _spec(one, side, figure, values.ndim)
            for (one, side), figures in zip(self._of, self._values, strict=True)
            for figure, values in figures.items()
            if figure not in _NO_FIELDS
        ]


def _figures(series: FreshSeries, side: Side, events: Events, log: Log) -> Mapping[str, F32]:
    """Return the figures of all labels, which are the last rows of the events."""
    found = series.rows(events, log.ids(side), log.ids(other_side(side)))
    return {figure: values[-len(log) :].astype(np.float32) for figure, values in found.items()}


def _events(log: Log, side: Side, first: int, late: int) -> Events:
    """Return the labels as events; late ones stand before the rows, when they are seen."""
    counted = log.remembered if side == "user" else None
    wanted = np.arange(len(log)) >= first
    events = Events(log.codes(side), log.codes(other_side(side)), log.time, log.label, wanted, counted)
    if not late:
        return events
    none = np.zeros(len(log), np.bool_)
    return Events(
        node=np.tile(events.node, 2),
        other=np.tile(events.other, 2),
        time=np.concatenate([log.time + late, log.time]),
        value=np.tile(log.label, 2),
        wanted=np.concatenate([none, wanted]),
        counted=np.concatenate([~none if counted is None else counted, none]),
    )


def figure_array(values: F32 | F64) -> pa.Array:
    """Return a figure as a raw column: float32 numbers, or lists of one length of them; null for NaN."""
    values = values.astype(np.float32, copy=False)
    if values.ndim == 1:
        return pa.array(values, from_pandas=True)
    absent: Bool = np.asarray(np.isnan(values).any(axis=1))
    return pa.FixedSizeListArray.from_arrays(
        pa.array(np.where(absent[:, None], 0, values).reshape(-1)), values.shape[1], mask=pa.array(absent)
    )


def _spec(series: FreshSeries, side: Side, figure: str, ndim: int) -> AnyField:
    common = {
        "name": f"{series.family}_{side}_fresh_{figure}",
        "group": FRESH_GROUP,
        "family": series.family,
        "whose": side,
        "column": series.column(figure),
    }
    if ndim == 1:
        counts = figure.endswith("_events")
        return NumberSpec(**common, transform="log1p" if counts else "none")
    return VectorSpec(**common, side=side)
