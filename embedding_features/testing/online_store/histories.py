"""Tests of histories: events are merged into what is there, whoever pushes them."""

from threading import Thread

import numpy as np
import pandas as pd
import pytest

from embedding_features.errors import DataError, StoreError
from embedding_features.store.online_stores.histories.history import Event, PushedEvents
from embedding_features.testing.online_store.fixtures import ID_TYPES, MakeRepository, OnlineStoreFixtures
from embedding_features.testing.online_store.history_repository import (
    KEEP,
    LISTS,
    HistoryRepository,
    event_row,
)
from embedding_features.testing.online_store.rows import T0, entity_key, make_ids, snapshot_table


class HistoryTests(OnlineStoreFixtures):
    """Tests of histories: bounded, idempotent, independent of the order of pushes."""

    @pytest.fixture
    def histories(self, make_repository: MakeRepository) -> HistoryRepository:
        """Return a repository with histories of :data:`KEEP` events."""
        return HistoryRepository.over(make_repository())

    @ID_TYPES
    def test_pushes_are_merged(self, make_repository: MakeRepository, id_type: str) -> None:
        """Check the union by event id, in the order of time and id, bounded, and its counts."""
        world = HistoryRepository.over(make_repository(id_type=id_type))
        (one, two, *_), event = world.users, world.event
        first = [event(8), event(2), event(5)]
        assert world.push(event_row(one, first), event_row(two, [event(3)])) == PushedEvents(4, 0, 0)
        twin = event(5)._replace(event_id="e49")  # of the same time: ids say the order
        changed = event(2, value=9.0)  # an id that is known: the first one stays
        assert world.push(event_row(one, [event(9), twin, changed])) == PushedEvents(2, 1, 0)
        assert world.read(one) == [event(2), twin, event(5), event(8), event(9)]
        assert world.push(event_row(one, [event(1), event(4)])) == PushedEvents(1, 0, 1)
        assert world.read(one) == [event(4), twin, event(5), event(8), event(9)]
        assert world.read(two) == [event(3)]
        assert world.read(world.users[2]) == []

    def test_a_push_again_changes_nothing(self, histories: HistoryRepository) -> None:
        """Check that the same push counts once, also where one row's events come in several."""
        user, event = histories.users[0], histories.event
        rows = [event_row(user, [event(i), event(i + 1)]) for i in range(3)]
        assert histories.push(*rows) == PushedEvents(4, 2, 0)
        assert histories.push(*rows) == PushedEvents(0, 6, 0)
        assert histories.read(user) == [event(i) for i in range(4)]

    def test_a_hundred_thousand_events_are_bounded(self, histories: HistoryRepository) -> None:
        """Check that the newest are kept of a user with many events."""
        user, event = histories.users[0], histories.event
        many = [event(i) for i in np.random.default_rng(0).permutation(100_000).tolist()]
        assert histories.push(event_row(user, many)) == PushedEvents(KEEP, 0, 100_000 - KEEP)
        assert histories.read(user) == [event(i) for i in range(100_000 - KEEP, 100_000)]

    def test_a_bad_event_leaves_all_out(self, histories: HistoryRepository) -> None:
        """Check that nothing of a batch is written when one of its events breaks a rule."""
        (one, two, *_), event = histories.users, histories.event
        histories.push(event_row(one, [event(1)]))
        late = 2**62
        bad = {
            "value nan": [event(3, value=float("nan"))],
            "value inf": [event(3, value=float("inf"))],
            "the time 0": [event(3)._replace(time=0)],
            "the time -5": [event(3)._replace(time=-5)],
            f"the time {late}": [event(3)._replace(time=late)],
            "empty id": [Event(3, "", histories.items[0], 1.0)],
            "two events with the id e3": [event(3), event(3, value=2.0)],
        }
        for said, events in bad.items():
            with pytest.raises(DataError, match=said):
                histories.push(event_row(one, [event(2)]), event_row(two, events))
        _, values, *_ = event_row(two, [event(3), event(4)])
        values["times"].int64_list_val.val.pop()
        key = entity_key(two, names=("user_id",))
        with pytest.raises(DataError, match="different lengths: 1 times"):
            histories.push(event_row(one, [event(2)]), (key, values, T0, None))
        values["times"].Clear()
        with pytest.raises(DataError, match="times is null"):
            histories.push(event_row(one, [event(2)]), (key, values, T0, None))
        with pytest.raises(DataError, match="INT64 keys"):
            histories.push(event_row(one, [event(2)]), event_row("text", [event(3)]))
        with pytest.raises(DataError, match="node_ids is string_list"):
            histories.push(event_row(two, [event(3)._replace(node_id="text")]))
        assert [histories.read(user) for user in (one, two)] == [[event(1)], []]

    def test_feast_pushes_and_reads_the_same_lists(self, histories: HistoryRepository) -> None:
        """Check Feast's two ways to push, and that ``get_online_features`` answers alike."""
        feast, user, event = histories.repository.feast, histories.users[0], histories.event
        histories.push(event_row(user, [event(4), event(6)]))
        more = [event(5), event(4)]
        lists = {
            "event_ids": [[e.event_id for e in more]],
            "node_ids": [[e.node_id for e in more]],
            "values": [[e.value for e in more]],
            "times": [[e.time for e in more]],
        }
        frame = pd.DataFrame({"user_id": [user], **lists, "event_timestamp": [T0]})
        feast.push("user_events", frame)
        feast.write_to_online_store("user_events", frame)
        expected = [event(4), event(5), event(6)]
        refs = [f"user_events:{name}" for name in LISTS]
        answer = feast.get_online_features(
            refs, [{"user_id": user}, {"user_id": histories.users[1]}]
        ).to_dict()
        assert answer["event_ids"] == [[e.event_id for e in expected], None]
        assert answer["node_ids"] == [[e.node_id for e in expected], None]
        assert answer["values"] == [[e.value for e in expected], None]
        assert answer["times"] == [[e.time for e in expected], None]
        store, config = histories.repository.online, feast.config
        found = store.read_events(config, histories.view, [histories.users[1], user])
        assert found.offsets.tolist() == [0, 0, 3]
        assert found.times.tolist() == answer["times"][0]
        assert found.node_ids.to_pylist() == answer["node_ids"][0]

    def test_flat_arrays_end_before_a_moment(self, histories: HistoryRepository) -> None:
        """Check ``read_events``: offsets, rows, and only events strictly before a moment."""
        users, event = histories.users, histories.event
        numbers = {users[0]: [3, 4, 5], users[2]: [1, 5]}
        histories.push(*(event_row(u, [event(i, value=i / 2) for i in n]) for u, n in numbers.items()))
        store, config = histories.repository.online, histories.repository.feast.config
        found = store.read_events(config, histories.view, users, before=event(5).time)
        assert found.offsets.tolist() == [0, 2, 2, 3, 3]
        assert found.rows.tolist() == [0, 0, 2]
        assert found.times.tolist() == [event(i).time for i in (3, 4, 1)]
        assert found.node_ids.to_pylist() == [event(i).node_id for i in (3, 4, 1)]
        assert found.values.tolist() == [1.5, 2.0, 0.5]
        nobody = store.read_events(config, histories.view, users[:0])
        assert (nobody.offsets.tolist(), len(nobody.node_ids), len(nobody.times)) == ([0], 0, 0)

    def test_threads_lose_nothing(self, make_repository: MakeRepository) -> None:
        """Check that pushers of the same users at once lose no event."""
        world = HistoryRepository.over(make_repository(), keep=1000)
        users, event = world.users, world.event

        def work(pusher: int) -> None:
            for number in range(20):
                world.push(*(event_row(user, [event(100 * pusher + number)]) for user in users))

        threads = [Thread(target=work, args=(pusher,)) for pusher in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expected = [event(100 * pusher + number) for pusher in range(3) for number in range(20)]
        assert [world.read(user) for user in users] == [expected] * len(users)

    def test_histories_stay(self, histories: HistoryRepository) -> None:
        """Check that neither an apply, a materialization nor a snapshot wipes them."""
        repository, user, event = histories.repository, histories.users[0], histories.event
        histories.push(event_row(user, [event(1)]))
        HistoryRepository.over(repository)
        repository.put("a", snapshot_table(make_ids(3)))
        repository.feast.materialize(T0.replace(year=2020), T0)
        with pytest.raises(StoreError, match="push its events"):
            repository.online.write_table(
                repository.feast.config, histories.view, snapshot_table(make_ids(3))
            )
        assert histories.read(user) == [event(1)]
        HistoryRepository.over(repository, keep=2)
        assert histories.push(event_row(user, [event(0), event(2)])) == PushedEvents(1, 0, 1)
        assert histories.read(user) == [event(1), event(2)]
