"""Checks that no column tells rankers of the future, before any of them is trained."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa

from embedding_features.progress import SILENT, Progress
from ranking.dataset.dataset import label_values
from ranking.dataset.graph_columns import find_graph_columns
from ranking.dataset.raw_columns import RawColumns
from ranking.dataset.side_tables import side_specs
from ranking.inputs.field_specs import columns_of
from ranking.leaks.columns import LeakCheck, check_columns
from ranking.leaks.replay import check_replay
from ranking.task.task import SIDES, Task


def check_leaks(
    task: Task,
    labels: pa.Table,
    features: pa.Table,
    moments: Sequence[datetime],
    settings: LeakCheck,
    progress: Progress = SILENT,
) -> None:
    """Replay the log, and look for columns that tell the label by themselves; test labels are not looked at.

    Args:
        task: what the rankers predict.
        labels: as :func:`.load_labels` returns them.
        features: the store's answer, a row a label.
        moments: the snapshots' ``as_of``.
        settings: how often the log is replayed, and how much a column may tell.
        progress: shows the two checks.

    Raises:
        LeakError: naming each column that knows too much.
    """
    views = find_graph_columns(task, features)

    def build(rows: pa.Table) -> pa.Table:
        """Return what the log makes; what the store answered is the same however the log is cut."""
        raw = RawColumns(task, rows, views, moments).part(0, features.slice(0, len(rows)))
        return raw.drop_columns([name for name in features.column_names if name in raw.column_names])

    with progress.task("rank: leak check", 2) as advance:
        check_replay(build, labels, samples=settings.samples)
        advance()
        seen = np.flatnonzero(np.asarray(labels["split"].to_numpy(zero_copy_only=False)) != "test")
        raw = RawColumns(task, labels, views).part(0, features)
        unreplayed = {*_columns_beside_the_log(task, features)}
        given = [name for name in raw.column_names if name in unreplayed]
        check_columns(raw.select(given).take(seen), label_values(labels)[seen], settings)
        advance()


def _columns_beside_the_log(task: Task, features: pa.Table) -> Iterator[str]:
    """Yield ids and the columns of side tables and of the store, which replaying the log cannot check."""
    yield from features.column_names
    for side in SIDES:
        yield f"{side}_id"
        yield from (column for spec in side_specs(task, side) for column in columns_of(spec))
