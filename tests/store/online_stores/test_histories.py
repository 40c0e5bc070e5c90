"""Histories of events: any order and any parts give one history; killed pushers; two processes; growth."""

import itertools
import os
import shutil
import signal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.connection import AbstractConnection

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.histories.history import Event, PushedEvents, merged
from embedding_features.store.online_stores.snapshot import delta
from embedding_features.testing.online_store.history_repository import KEEP, HistoryRepository, event_row
from tests.store.processes import ended, in_child, killed_at
from tests.store.redis_server import in_process
from tests.store.snapshot_world import World

#: few times, so that many events are of one; ids say their order
EVENTS = st.lists(
    st.builds(
        Event, st.integers(1, 6), st.text("abc", min_size=1, max_size=3), st.integers(0, 3), st.floats(-1, 1)
    ),
    unique_by=lambda event: event.event_id,
    max_size=15,
)


def naive(events, keep):
    """What a history must be: the newest of the distinct events."""
    return sorted(set(events), key=lambda event: (event.time, event.event_id))[-keep:]


@settings(max_examples=300, deadline=None)
@given(EVENTS, st.integers(1, 8), st.data())
def test_any_order_and_any_parts_give_the_same_history(events, keep, data):
    given_events = data.draw(st.permutations(events + events[: len(events) // 2]))
    cuts = data.draw(st.lists(st.integers(0, len(given_events)), max_size=5).map(sorted))
    history, counted = [], PushedEvents()
    for start, stop in itertools.pairwise([0, *cuts, len(given_events)]):
        history, counts = merged(history, given_events[start:stop], keep)
        assert counts.added >= 0
        assert sum(vars(counts).values()) == stop - start
        counted += counts
    assert list(history) == naive(events, keep)
    assert counted.added >= len(history)


def test_counts_by_hand():
    a, b, c, d = (Event(time, name, 1, 0.5) for time, name in ((1, "a"), (2, "b"), (3, "c"), (4, "d")))
    assert merged([b, c], [a, b, d, d], 2) == ([c, d], PushedEvents(1, 2, 1))
    assert merged([b, c], [c._replace(value=9.0)], 2) == ([b, c], PushedEvents(0, 1, 0))
    assert merged([b, c, d], [], 2) == ([c, d], PushedEvents()), "keep was lowered"


@pytest.fixture
def histories(make_world):
    return HistoryRepository.over(make_world())


def test_any_pushes_to_a_store_give_the_same_history(histories):
    user, lookup = histories.users[0], histories.users[1]

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(EVENTS, st.data())
    def check(events, data):
        store, config, view = histories.repository.online, histories.repository.feast.config, histories.view
        store.update(config, [view], [], [], [], partial=True)
        store.update(config, [], [view], [], [], partial=True)
        parts = data.draw(
            st.lists(st.lists(st.sampled_from(events), max_size=6), max_size=6) if events else st.just([])
        )
        for part in [*parts, events]:
            histories.push(event_row(user, part))
        assert histories.read(user) == naive(events, KEEP)
        assert histories.read(lookup) == []

    check()


def test_an_unknown_item_and_another_process_restarted(make_world):
    histories = HistoryRepository.over(make_world())
    user, unknown = histories.users[0], Event(5, "x", -7, 1.0)
    histories.push(event_row(user, [unknown]))
    again = HistoryRepository(make_world(), histories.users, histories.items)
    assert again.read(user) == [unknown]
    again.push(event_row(user, [histories.event(9)]))
    assert histories.read(user) == [unknown, histories.event(9)]


def test_several_processes_lose_nothing(make_world, monkeypatch):
    """Also through compactions in the embedded store."""
    monkeypatch.setattr(delta, "_FEW", 4)
    world = HistoryRepository.over(make_world(), keep=1000)
    users, event = world.users, world.event

    def work(pusher):
        for number in range(25):
            world.push(*(event_row(user, [event(100 * pusher + number)]) for user in users))

    children = [in_child(lambda pusher=pusher: work(pusher)) for pusher in range(3)]
    assert [ended(child) for child in children] == [0, 0, 0]
    expected = [event(100 * pusher + number) for pusher in range(3) for number in range(25)]
    assert [world.read(user) for user in users] == [expected] * len(users)


def test_a_pusher_killed_anywhere_leaves_the_old_or_the_new_history(tmp_path, monkeypatch):
    """In the embedded store, compactions included: also both users' histories, all old or all new."""
    monkeypatch.setattr(delta, "_FEW", 0)
    seen = set()
    for point in itertools.count():
        histories = HistoryRepository.over(World(tmp_path / f"w{point}"))
        (one, two, *_), event = histories.users, histories.event
        for number in range(6):
            histories.push(event_row(one, [event(number)]), event_row(two, [event(number)]))
        rows = [event_row(user, [event(number) for number in range(3, 8)]) for user in (one, two)]
        killed = killed_at(point, lambda histories=histories, rows=rows: histories.push(*rows))
        old, new = [event(n) for n in range(1, 6)], [event(n) for n in range(3, 8)]
        found = [histories.read(user) for user in (one, two)]
        assert found in ([old, old], [new, new])
        seen.add(found == [new, new])
        histories.push(*rows)
        assert [histories.read(user) for user in (one, two)] == [new, new]
        shutil.rmtree(tmp_path / f"w{point}")
        if not killed:
            break
    assert seen == {False, True}


def test_a_pusher_killed_at_any_byte_sent_to_redis_leaves_the_old_or_the_new_history(tmp_path, redis_address):
    histories = HistoryRepository.over(World(tmp_path, kind="redis", redis=redis_address))
    (one, two, *_), event = histories.users, histories.event
    sizes, seen = [], set()
    read, write = os.pipe()
    rows = [event_row(user, [event(2), event(3)]) for user in (one, two)]
    view, config, store = histories.view, histories.repository.feast.config, histories.repository.online

    def push():
        histories.repository.online.push_events(config, view, rows)

    def fresh():
        store.update(config, [view], [], [], [], partial=True)
        store.update(config, [], [view], [], [], partial=True)
        histories.push(event_row(one, [event(1)]), event_row(two, [event(1)]))

    fresh()
    in_process(push, lambda _, data, send: (os.write(write, f"{len(data)} ".encode()), send()))
    sizes = [int(size) for size in os.read(read, 1 << 16).split()]
    assert len(sizes) >= 2
    old, new = [event(1)], [event(1), event(2), event(3)]
    for cut in [*range(0, sum(sizes), 97), sum(sizes) - 1, sum(sizes)]:
        fresh()
        left = [cut]

        def deadly(connection, data, send, left=left):
            left[0] -= len(data)
            if left[0] < 0:
                connection._sock.sendall(data[: len(data) + left[0]])
                os.kill(os.getpid(), signal.SIGKILL)
            send()

        in_process(push, deadly)
        found = [histories.read(user) for user in (one, two)]
        assert found in ([old, old], [new, new])
        seen.add(found == [new, new])
        push()
        assert [histories.read(user) for user in (one, two)] == [new, new]
    assert seen == {False, True}


def test_a_pusher_who_was_overtaken_in_redis_merges_again(tmp_path, redis_address, monkeypatch):
    histories = HistoryRepository.over(World(tmp_path, kind="redis", redis=redis_address))
    user, event = histories.users[0], histories.event
    other = HistoryRepository(
        World(tmp_path, kind="redis", redis=redis_address), histories.users, histories.items
    )
    numbers, send = iter(range(1, 4)), AbstractConnection.send_packed_command

    def overtaken(connection, command, check_health=True):
        """Somebody else pushes between the read and the write, three times."""
        if b"EVALSHA" in b"".join(map(bytes, [command] if isinstance(command, bytes) else command)):
            monkeypatch.setattr(AbstractConnection, "send_packed_command", send)
            number = next(numbers, None)
            if number is not None:
                other.push(event_row(user, [event(number)]))
                monkeypatch.setattr(AbstractConnection, "send_packed_command", overtaken)
        return send(connection, command, check_health)

    histories.push(event_row(user, [event(0)]))
    monkeypatch.setattr(AbstractConnection, "send_packed_command", overtaken)
    assert histories.push(event_row(user, [event(9)])) == PushedEvents(1, 0, 0)
    assert next(numbers, None) is None
    assert histories.read(user) == [event(n) for n in (0, 1, 2, 3, 9)]


def test_long_histories_are_compacted_by_their_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(delta, "_SMALL", 1 << 12)
    histories = HistoryRepository.over(World(tmp_path), keep=100)
    user, event = histories.users[0], histories.event
    histories.push(event_row(user, [event(n) for n in range(100)]))
    view = histories.repository.online._view(histories.repository.feast.config, histories.view)
    row = view.served().delta.end
    for number in range(100, 130):
        histories.push(event_row(user, [event(number)]))
        assert view.served().delta.end <= 3 * row + (1 << 12)
    assert histories.read(user) == [event(n) for n in range(30, 130)]


def test_a_view_that_is_not_online_is_named(histories):
    store, config, view = histories.repository.online, histories.repository.feast.config, histories.view
    store.update(config, [view], [], [], [], partial=True)
    for work in (
        lambda: histories.push(event_row(histories.users[0], [histories.event(1)])),
        lambda: store.read_events(config, view, histories.users),
    ):
        with pytest.raises(StoreError, match="nothing is online"):
            work()
