"""The leak check of what rankers learn from, before any is trained: exit 4 names the column."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa

from embedding_features.progress import Progress
from jobs.pipeline import Rank
from ranking.dataset import label_values
from ranking.graph_columns import find_graph_columns
from ranking.leak_check import check_columns
from ranking.leak_replay import check_replay
from ranking.raw import RawColumns


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
        columns = build(labels)
        beside = [name for name in features.column_names if name not in columns.column_names]
        whole = pa.table({**_columns(columns), **_columns(features.select(beside))})
        check_columns(whole.take(seen), label_values(labels)[seen], settings.leaks)
        advance()


def _columns(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return dict(zip(table.column_names, table.columns, strict=True))
