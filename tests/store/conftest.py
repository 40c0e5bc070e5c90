"""A repository for each test, and one with three snapshots in two spaces that tests only read."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from embedding_features.artifact import Snapshot
from embedding_features.store import materialize, publish, publish_series
from tests.store.beside import beside  # noqa: F401
from tests.store.builders import DAY, T0, make_repo, snapshot
from tests.store.redis_server import own_redis, redis_address, redis_server  # noqa: F401
from tests.store.snapshot_world import make_world  # noqa: F401


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "repo")


@dataclass(frozen=True)
class World:
    """Two snapshots of space 1 (days 0 and 7; version 1, 2) and one of space 2 (day 14; version 3).

    Each was published a day later, and brought online in its turn.
    """

    repo: Path
    snapshots: list[Snapshot]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    root = tmp_path_factory.mktemp("world")
    repo = make_repo(root / "repo")
    made = [
        snapshot(root / "runs", 0),
        snapshot(root / "runs", 7, counts=(15, 30)),
        snapshot(root / "runs", 14, space=2, dim=6),
    ]
    publish(made[0], repo, publish_delay=DAY)
    materialize(repo)
    publish_series(made[1:], repo, publish_delay=DAY)
    materialize(repo, end=T0 + 8 * DAY)
    materialize(repo)
    return World(repo, made)
