"""One repository with rankers on it, online, which tests only read."""

import pytest
import structlog

from embedding_features.store import materialize
from tests.service.running import Running
from tests.store.bundle_world import make_bundles
from tests.store.redis_server import own_redis, redis_address, redis_server  # noqa: F401

# by default it renders the variables of every frame of an error, which takes seconds
structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()])


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    made = make_bundles(tmp_path_factory.mktemp("service"))
    materialize(made.repo)
    return made


@pytest.fixture(scope="session")
def served(world):
    """A service over it that tests only ask."""
    with Running(world, "din") as running:
        yield running
