"""Requests that the log itself answers, moment by moment, each with what was published before it."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.artifact import Snapshot
from embedding_features.errors import DataError
from embedding_features.fresh import FreshSeries
from embedding_features.recall import RecallIndex
from ranking.modes.merge import Candidates
from ranking.modes.recall import Ask, Indexes, RecallStage, candidate_columns, recall_candidates
from ranking.modes.requests import Requests, requests_at
from ranking.task.task import PARTS, Task

#: two moments, the first one included
Span = tuple[datetime, datetime]


class CandidateRows(NamedTuple):
    """Requests of some moments, their candidates, and the candidates' raw columns."""

    requests: list[Requests]
    candidates: list[Candidates]
    tables: list[pa.Table]


@dataclass(frozen=True)
class LoggedRequests:
    """Asks at moments of the log, of the users who then take to something new.

    Attributes:
        task: what rankers predict.
        labels: the log, as :func:`.load_labels` returns it.
        snapshots: one family's; candidates are searched in the newest one strictly older than a moment.
        moments: ``as_of`` of every snapshot that features come from.
        ask: returns the store's answer for an entity frame, a row a row.
        fresh: what makes fresh figures of the users' events.
        every_days: days from one moment to the next, which is how long a request's answers are waited for.
    """

    task: Task
    labels: pa.Table
    snapshots: Sequence[Snapshot]
    moments: Sequence[datetime]
    ask: Ask
    every_days: float
    fresh: Sequence[FreshSeries] = ()

    def replay(self, span: Span) -> Iterator[tuple[Requests, Indexes]]:
        """Yield the requests of each moment of a span, and the indexes that they see.

        Left out are moments without an older snapshot, or at which nobody takes to anything new; answers are
        known before the span's end.
        """
        step, (moment, end) = timedelta(days=self.every_days), span
        while moment < end:
            indexes = self._indexes(moment)
            if indexes is not None:
                with suppress(DataError):  # nobody takes to anything new
                    yield requests_at(self.labels, moment, min(moment + step, end)), indexes
            moment += step

    def candidate_rows(self, span: Span, stage: RecallStage) -> CandidateRows:
        """Return the requests of a span, their candidates by one stage, and the candidates' columns."""
        found = [
            (requests, recall_candidates(requests, indexes, stage)) for requests, indexes in self.replay(span)
        ]
        requests, candidates = [one for one, _ in found], [one for _, one in found]
        return CandidateRows(requests, candidates, self.columns(requests, candidates))

    def columns(self, requests: Sequence[Requests], candidates: Sequence[Candidates]) -> list[pa.Table]:
        """Return the raw columns of each moment's candidates."""
        return candidate_columns(self.task, requests, candidates, self.ask, self.moments, self.fresh)

    def _indexes(self, moment: datetime) -> Indexes | None:
        """Return both sides of the newest snapshot strictly older than a moment."""
        older = [snapshot for snapshot in self.snapshots if snapshot.manifest.as_of < moment]
        if not older:
            return None
        newest = max(older, key=lambda snapshot: snapshot.manifest.as_of)
        users, items = (
            RecallIndex.build(newest, side.node_type) for side in (self.task.user, self.task.item)
        )
        node_type, family = self.task.user.node_type, newest.manifest.space.family
        fresh = (one for one in self.fresh if (one.family, one.node_type) == (family, node_type))
        return Indexes(users, items, next(fresh, None))


def part_borders(labels: pa.Table) -> list[datetime]:
    """Return the first moment of each part of the split, and the end of the last."""
    first = [pc.min(labels.filter(pc.equal(labels["split"], part))["timestamp"]).as_py() for part in PARTS]
    return [*first, pc.max(labels["timestamp"]).as_py() + timedelta(microseconds=1)]
