"""An online store as plain dicts: what any sequence of snapshots and pushes must answer."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest

from embedding_features.errors import StoreError
from embedding_features.testing.online_store.repository import OnlineRepository
from embedding_features.testing.online_store.rows import DAY, entity_key, numbered_table, numbered_values

#: event day and created hour
Moment: TypeAlias = tuple[int, int]
#: ``snapshot`` or ``push``, its moment, and the numbers of the items
Step: TypeAlias = tuple[str, Moment, Iterable[int]]


class OnlineModel:
    """Keeps a snapshot and the rows pushed over it as dicts."""

    def __init__(self) -> None:
        self._stamp: Moment | None = None
        self._snapshot: dict[int, int] = {}
        self._pushed: dict[int, tuple[Moment, int]] = {}

    def write(self, stamp: Moment, rows: dict[int, int]) -> bool:
        """Take a snapshot, item → number; return False when it is older than what is served."""
        if self._stamp is not None and stamp < self._stamp:
            return False
        same = stamp == self._stamp
        self._pushed = {item: row for item, row in self._pushed.items() if same or row[0] > stamp}
        self._stamp, self._snapshot = stamp, rows
        return True

    def push(self, item: int, stamp: Moment, number: int) -> None:
        """Take a pushed row, unless it is older than what is served."""
        served = self._stamp if item in self._snapshot else None
        if item in self._pushed:
            served = self._pushed[item][0]
        if served is None or stamp >= served:
            self._pushed[item] = (stamp, number)

    def read(self, item: int) -> tuple[int, int] | None:
        """Return the event day and the number that are served; None where there is no row."""
        if item in self._pushed:
            stamp, number = self._pushed[item]
            return stamp[0], number
        if self._stamp is None or item not in self._snapshot:
            return None
        return self._stamp[0], self._snapshot[item]


def check_steps(
    repository: OnlineRepository, ids: Sequence[Any], steps: Iterable[Step], ttl: timedelta | None
) -> None:
    """Check that a store answers as the model does after a sequence of writes, by both ways to read.

    Args:
        repository: over the store; what is online of its view is removed first.
        ids: the items.
        steps: the writes; days count from five days ago.
        ttl: of the view.
    """
    store, config, view = repository.online, repository.feast.config, repository.view
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = today - 5 * DAY
    view.ttl = ttl
    store.update(config, [view], [], [], [], partial=True)
    store.update(config, [], [view], [], [], partial=True)
    model, number = OnlineModel(), 0
    for what, (day, hour), items in steps:
        times = start + day * DAY, start + day * DAY + timedelta(hours=hour)
        numbers = {item: number + i for i, item in enumerate(items)}
        number += len(numbers)
        if what == "push":
            for item, value in numbers.items():
                row = (entity_key(ids[item]), numbered_values(value), *times)
                store.online_write_batch(config, view, [row], None)
                model.push(item, (day, hour), value)
        elif model.write((day, hour), numbers):
            repository.write(numbered_table({ids[i]: n for i, n in numbers.items()}, *times))
        else:
            with pytest.raises(StoreError, match="newer than"):
                repository.write(numbered_table({ids[i]: n for i, n in numbers.items()}, *times))
    _check_answers(repository, ids, model, start)


def _check_answers(
    repository: OnlineRepository, ids: Sequence[Any], model: OnlineModel, start: datetime
) -> None:
    store, config, view = repository.online, repository.feast.config, repository.view
    rows = repository.read(ids)
    sizes = rows.arrays["size"].tolist()
    for i, key in enumerate(ids):
        expected = model.read(i)
        event = None if expected is None else start + expected[0] * DAY
        expired = event is not None and view.ttl is not None and event < datetime.now(UTC) - view.ttl
        assert rows.expired[i] == expired
        assert rows.found[i] == (expected is not None and not expired)
        time, values = store.online_read(config, view, [entity_key(key)], ["size"])[0]
        assert time == event
        assert (values is not None) == rows.found[i]
        if expected is not None and rows.found[i]:
            assert sizes[i] == expected[1]
            assert values["size"].int64_val == expected[1]
