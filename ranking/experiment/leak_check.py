"""Checks that no column tells rankers of the future, before any of them is trained."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from embedding_features.progress import SILENT, Progress
from ranking.dataset.dataset import label_values
from ranking.dataset.raw_columns import RawColumns
from ranking.dataset.side_tables import side_specs
from ranking.inputs.field_specs import columns_of
from ranking.leaks.columns import LeakCheck, check_columns
from ranking.leaks.replay import check_replay
from ranking.log_features.log import as_micros
from ranking.task.task import SIDES, Task


def check_leaks(
    raw: RawColumns, features: pa.Table, settings: LeakCheck, progress: Progress = SILENT
) -> None:
    """Replay the log, and look for columns that tell the label by themselves; test labels are not looked at.

    With rows of the log, a replay takes away the snapshots that are not older than the last row that is left.

    Args:
        raw: the raw columns of all labels, with the moments of the snapshots.
        features: the store's answer, a row a label.
        settings: how often the log is replayed, and how much a column may tell.
        progress: shows the two checks.

    Raises:
        LeakError: naming each column that knows too much.
    """
    labels = raw.log.labels

    def build(rows: pa.Table) -> pa.Table:
        """Return what the log makes; what the store answered is the same however the log is cut."""
        replayed = raw if rows is labels else _as_it_was(raw, rows)
        columns = replayed.part(0, features.slice(0, len(rows)))
        return columns.drop_columns([name for name in features.column_names if name in columns.column_names])

    with progress.task("rank: leak check", 2) as advance:
        check_replay(build, labels, moments=raw.moments, samples=settings.samples)
        advance()
        seen = np.flatnonzero(np.asarray(labels["split"].to_numpy(zero_copy_only=False)) != "test")
        columns = raw.part(0, features)
        unreplayed = {*_columns_beside_the_log(raw.task, features)}
        given = [name for name in columns.column_names if name in unreplayed]
        check_columns(columns.select(given).take(seen), label_values(labels)[seen], settings)
        advance()


def _as_it_was(raw: RawColumns, rows: pa.Table) -> RawColumns:
    """Return the raw columns of the log's first rows, by the snapshots there were before its last moment."""
    (last,) = as_micros([rows["timestamp"][-1].as_py()])
    fresh = [series.before(int(last)) for series in raw.fresh]
    return RawColumns(raw.task, rows, raw.views, raw.moments, fresh=fresh, side_tables=raw.side_tables)


def _columns_beside_the_log(task: Task, features: pa.Table) -> Iterator[str]:
    """Yield ids and the columns of side tables and of the store, which replaying the log cannot check."""
    yield from features.column_names
    for side in SIDES:
        yield f"{side}_id"
        yield from (column for spec in side_specs(task, side) for column in columns_of(spec))
