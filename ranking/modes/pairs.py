"""What a ranker is shown of candidates: the raw columns of pairs that no label names, as of the request."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa

from embedding_features.fresh import FreshSeries
from ranking.dataset.graph_columns import find_graph_columns
from ranking.dataset.raw_columns import RawColumns
from ranking.dataset.side_tables import SideTables
from ranking.modes.merge import Candidates
from ranking.modes.requests import Requests
from ranking.task.labels import entity_frame
from ranking.task.task import Task


def pair_rows(requests: Requests, candidates: Candidates) -> pa.Table:
    """Return a row a candidate, as :data:`.LABELS` has them, with label 0, at the requests' moment."""
    schema, count = requests.past.schema, len(candidates.request)
    past = len(requests.past)
    return pa.table(
        {
            "row": pa.array(np.arange(past, past + count)),
            "user_id": requests.users.take(pa.array(candidates.request)),
            "item_id": candidates.items.flatten(),
            "timestamp": pa.array([requests.moment] * count, schema.field("timestamp").type),
            "label": pa.array(np.zeros(count, np.float32)),
            "split": pa.repeat("", count),
        }
    ).cast(schema)


def pair_frame(task: Task, pairs: Sequence[pa.Table]) -> pa.Table:
    """Return the entity frame to ask the feature store with, of all of :func:`pair_rows` in order."""
    return entity_frame(task, pa.concat_tables(pairs))


def pair_columns(
    task: Task,
    requests: Requests,
    pairs: pa.Table,
    features: pa.Table,
    moments: Sequence[datetime],
    fresh: Sequence[FreshSeries] = (),
    side_tables: SideTables | None = None,
) -> pa.Table:
    """Return the raw columns of candidates, as labels of the same user, item and moment would have them.

    The pairs stand behind the log as rows of one moment: no row counts what is of its own moment, so none of
    them counts another.

    Args:
        task: what is predicted.
        requests: whose candidates they are.
        pairs: as :func:`pair_rows` returns them.
        features: the store's answer, a row a pair.
        moments: the snapshots' ``as_of``.
        fresh: what makes fresh figures of the users' events.
        side_tables: of the task, where they have been read already.

    Raises:
        DataError: as :class:`.RawColumns`.
    """
    labels = pa.concat_tables([requests.past, pairs]).combine_chunks()
    # one moment is enough: all pairs see the newest snapshot before the request
    older = [moment for moment in moments if moment < requests.moment]
    seen = [max(older)] if older else moments
    first = len(requests.past)
    views = find_graph_columns(task, features)
    raw = RawColumns(task, labels, views, seen, fresh=fresh, first=first, side_tables=side_tables)
    return raw.part(first, features)
