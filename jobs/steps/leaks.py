"""The leak check of what rankers learn from, before any is trained: exit 4 names the column."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa

from embedding_features.progress import Progress
from jobs.pipeline import Rank
from ranking.dataset.dataset import label_values
from ranking.dataset.graph_columns import find_graph_columns
from ranking.dataset.raw_columns import RawColumns
from ranking.dataset.side_tables import side_specs
from ranking.inputs.field_specs import columns_of
from ranking.leaks.columns import check_columns
from ranking.leaks.replay import check_replay
from ranking.task.task import SIDES, Task


def check_leaks(
    settings: Rank, labels: pa.Table, features: pa.Table, moments: Sequence[datetime], progress: Progress
) -> None:
    """Replay the log, and look for columns that tell the label by themselves; test labels are not looked at.

    Args:
        features: the store's answer, a row a label.
        moments: the snapshots' ``as_of``.

    Raises:
        LeakError: naming each column that knows too much.
    """
    views = find_graph_columns(settings.task, features)

    def build(rows: pa.Table) -> pa.Table:
        """What the log makes; what the store answered is the same however the log is cut."""
        raw = RawColumns(settings.task, rows, views, moments).part(0, features.slice(0, len(rows)))
        return raw.drop_columns([name for name in features.column_names if name in raw.column_names])

    with progress.task("rank: leak check", 2) as advance:
        check_replay(build, labels, samples=settings.leaks.samples)
        advance()
        seen = np.flatnonzero(np.asarray(labels["split"].to_numpy(zero_copy_only=False)) != "test")
        raw = RawColumns(settings.task, labels, views).part(0, features)
        given = [name for name in raw.column_names if name in {*_of_others(settings.task, features)}]
        check_columns(raw.select(given).take(seen), label_values(labels)[seen], settings.leaks)
        advance()


def _of_others(task: Task, features: pa.Table) -> Iterator[str]:
    """The columns that the log does not make, in which a replay sees nothing."""
    yield from features.column_names
    for side in SIDES:
        yield f"{side}_id"
        yield from (column for spec in side_specs(task, side) for column in columns_of(spec))
