"""The end: nobody whom the system let in is lost, however busy the machine is, and nothing holds it up."""

import contextlib
import signal
import socket
import threading

import pytest

from ranking.service.listening import is_readable, refuse_handshakes, take_address
from tests.service.processes import Process, post, read_all, read_answer
from tests.service.waiting import until
from tests.store.builders import ids_of

USERS, ITEMS = ids_of("user", 20).to_pylist(), ids_of("item", 33).to_pylist()
BODY = {"user": USERS[0], "items": ITEMS[:9]}


@contextlib.contextmanager
def serving(world, folder, first="", **limits):
    with Process(folder, world.bundle("lightgbm"), world.repo, first, limits=limits) as process:
        yield process


def begun(process):
    """A connection whose request is being read: it was told to go on."""
    connection = process.connect()
    head, body = post(BODY, headers="Expect: 100-continue\r\n").split(b"\r\n\r\n", 1)
    connection.sendall(head + b"\r\n\r\n")
    assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    return connection, body


def test_whom_the_system_accepted_is_answered(world, tmp_path):
    """Stopped, the service accepts nobody, and the system does: new connections, with a request, with two,
    with a part of one, and requests on those that were kept. All are answered after the signal, each as the
    last; connections on which nothing comes hold nothing up."""
    with serving(world, tmp_path, drain_seconds=10**6) as process, contextlib.ExitStack() as stack:
        kept = [stack.enter_context(process.connect()) for _ in range(3)]
        for connection in kept:
            connection.sendall(post(BODY))
            assert read_answer(connection)[0] == 200
        held, rest = begun(process)
        stack.enter_context(held)
        process.stopped()
        waiting = [stack.enter_context(process.connect()) for _ in range(30)]
        *_, pipelined, late = waiting
        silent = stack.enter_context(process.connect())
        for connection in [*kept, *waiting[:-1]]:
            connection.sendall(post(BODY) * (1 + (connection is pipelined)))
        late.sendall(post(BODY)[:40])
        process.signal(signal.SIGTERM)
        process.signal(signal.SIGCONT)
        process.until_logged("draining")
        held.sendall(rest)
        late.sendall(post(BODY)[40:])
        waiting.remove(pipelined)
        first, second = (answer for answer in read_all(pipelined).split(b"HTTP/1.1 ") if answer)
        assert (first[:3], second[:3]) == (b"200", b"200")
        assert [b"connection: close" in answer for answer in (first, second)] == [False, True]
        for connection in [*kept, *waiting, held]:
            status, headers, told = read_answer(connection)
            assert (status, len(told["scores"])) == (200, 9)
            # one read before the signal was looked at may be answered as ever, and is closed all the same
            assert connection in kept or headers["connection"] == "close"
            assert connection.recv(1) == b""
        assert silent.recv(1) == b""
        assert process.code() == 0
        with pytest.raises(ConnectionRefusedError):
            process.connect()


def test_clients_that_go_on_lose_nothing(world, tmp_path):
    """Each connection that was made is answered until the port is closed, and refused from then on; with time
    for those who are slow to ask."""
    outcomes, stop = [], threading.Event()

    def client(process):
        while not stop.is_set():
            try:
                connection = process.connect()
            except ConnectionRefusedError:
                return
            with connection:
                connection.sendall(post(BODY, headers="Connection: close\r\n"))
                outcomes.append(read_all(connection)[:12])

    patient = "from ranking.service import server; server.QUIET_SECONDS = 240"
    with serving(world, tmp_path, patient, drain_seconds=240) as process:
        threads = [threading.Thread(target=client, args=[process]) for _ in range(6)]
        for thread in threads:
            thread.start()
        until(lambda: len(outcomes) > 20)
        process.signal(signal.SIGTERM)
        for thread in threads:
            thread.join(240)
        stop.set()
        assert process.code() == 0
    assert set(outcomes) == {b"HTTP/1.1 200"}


def test_what_takes_too_long_is_told_so(world, tmp_path):
    """A request whose body never comes, one whose headers do not, and a connection on which nothing does."""
    with serving(world, tmp_path, drain_seconds=2) as process, contextlib.ExitStack() as stack:
        held, _ = begun(process)
        stack.enter_context(held)
        half, silent = (stack.enter_context(process.connect()) for _ in range(2))
        half.sendall(post(BODY)[:40])
        process.signal(signal.SIGTERM)
        status, headers, told = read_answer(held)
        assert (status, headers["connection"], headers["retry-after"]) == (503, "close", "1")
        assert told.keys() == {"error", "fix", "request_id"}
        assert told["error"] == "the service ends"
        assert read_all(silent) == b""
        with contextlib.suppress(ConnectionResetError):  # what it sent was of no request yet
            assert read_all(half) == b""
        assert process.code() == 0
        assert process.events("not all was answered in time")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_handshakes_are_refused_and_those_that_were_made_are_kept(host):
    """A connection that comes too late is not made at all; it would be reset when the socket is closed."""
    try:
        bound = take_address(host, 0)
    except Exception:
        pytest.skip(f"this machine has no {host}")
    with bound:
        bound.listen(8)
        with socket.create_connection(bound.getsockname()[:2]) as early:
            refuse_handshakes(bound)
            late = socket.socket(bound.family)
            late.setblocking(False)
            with late, pytest.raises(BlockingIOError):
                late.connect(bound.getsockname())
            assert is_readable(bound.fileno())
            accepted, _ = bound.accept()
            with accepted:
                assert not is_readable(bound.fileno())
                early.sendall(b"x")
                assert accepted.recv(1) == b"x"
