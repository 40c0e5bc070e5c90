"""What keeps the service from starting is named, with its exit code, and without a traceback."""

import json
import signal
import socket

import pytest

from embedding_features.errors import BundleError, ConfigError
from embedding_features.store import EmbeddingFeatures
from jobs.cli import run
from jobs.commands.serve import serve
from ranking.service import service
from ranking.service.candidate_search import CandidateSearch
from ranking.service.listening import take_address
from tests.service.running import Running
from tests.store.builders import ids_of

USERS, ITEMS = ids_of("user", 20).to_pylist(), ids_of("item", 30).to_pylist()


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"--bundle": "nowhere"}, 2, "no bundle at"),
        ({"--repo": "nowhere"}, 6, "feature_store.yaml"),
        ({"--config": "nowhere.yaml"}, 2, "nowhere.yaml"),
        ({"--host": "192.0.2.1"}, 2, "cannot listen at 192.0.2.1"),
        ({"--host": "nowhere.invalid"}, 2, "cannot listen at nowhere.invalid"),
        ({"--host": "a..b"}, 2, "cannot listen at a..b"),
        ({"--host": "x" * 300}, 2, "cannot listen at xxx"),
        ({"--host": "é..é"}, 2, "cannot listen at é..é"),
        ({"--host": "::ffff:zz"}, 2, "cannot listen at ::ffff:zz"),
        ({"--port": 70000}, 2, "65535"),
        ({"--config": None}, 2, "no token in $EMBEDDING_FEATURES_TOKENS"),
    ],
)
def test_what_cannot_be_served_is_named(world, tmp_path, monkeypatch, capsys, change, code, says):
    monkeypatch.delenv("EMBEDDING_FEATURES_TOKENS", raising=False)
    monkeypatch.setattr("ranking.service.logs.set_up_logs", lambda: None)
    (tmp_path / "service.yaml").write_text("auth: {kind: none}\n")
    options = {
        "--bundle": world.bundle("lightgbm"), "--repo": world.repo, "--config": tmp_path / "service.yaml",
        "--port": 0,
    } | change  # fmt: skip
    given = [str(part) for pair in options.items() if pair[1] is not None for part in pair]
    assert run(["serve", *given, "--json"]) == code
    told = json.loads(capsys.readouterr().out)
    assert says in told["error"]
    assert told["exit_code"] == code


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """A file of settings; what the process keeps of a service in it is put back."""
    monkeypatch.setattr("ranking.service.logs.set_up_logs", lambda: None)
    handlers = {stop: signal.getsignal(stop) for stop in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    (tmp_path / "service.yaml").write_text("auth: {kind: none}\n")
    yield tmp_path / "service.yaml"
    for stop, handler in handlers.items():
        signal.signal(stop, handler)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_port_that_is_taken_is_named(world, settings, host):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen at {host}:{port}: Address already in use"):
            serve(world.bundle("lightgbm"), world.repo, settings, host, port, True)


def test_a_port_that_another_took_meanwhile_is_named(world, settings, monkeypatch):
    """Two services that start at once both get the address, and one of them the port."""
    with take_address("127.0.0.1", 0) as other:
        port, opened = other.getsockname()[1], service.RankingService

        def slow(*given):
            other.listen()
            return opened(*given)

        monkeypatch.setattr(service, "RankingService", slow)
        with pytest.raises(ConfigError, match=f"cannot listen at 127.0.0.1:{port}: somebody else listens"):
            serve(world.bundle("lightgbm"), world.repo, settings, "127.0.0.1", port, True)


def test_a_bundle_that_may_not_be_read_is_named(world, settings, monkeypatch):
    def refused(*_):
        raise PermissionError(13, "Permission denied", "weights/trees.json")

    monkeypatch.setattr("ranking.service.served_bundle.load_bundle", refused)
    with pytest.raises(BundleError, match=r"cannot be read: .*Permission denied"):
        serve(world.bundle("lightgbm"), world.repo, settings, "127.0.0.1", 0, True)


def test_a_fault_at_the_start_is_none_of_another_code(world, settings, monkeypatch):
    """uvicorn would end with 3, which says that the health gate refused."""

    def broken(_):
        raise ArithmeticError("a fault")

    monkeypatch.setattr(CandidateSearch, "warm", broken)
    with pytest.raises(RuntimeError, match="the log says why"):
        serve(world.bundle("lightgbm"), world.repo, settings, "127.0.0.1", 0, True)


def test_without_a_recall_index_all_else_goes_on(world, monkeypatch):
    """As for a user who may not write below the repository."""

    def refused(*_, **__):
        raise PermissionError(13, "Permission denied", "data/recall")

    monkeypatch.setattr(EmbeddingFeatures, "index", refused)
    with Running(world, "lightgbm") as running:
        assert running.post("/rank", {"user": USERS[0], "items": ITEMS[:2]}).json()["found"]["user"] is True
        asked = {"ids": [USERS[0]], "by": "user", "node_type": "item"}
        assert running.post("/recall", asked).status_code == 503
        assert running.post("/recommend", {"user": USERS[0]}).status_code == 503
