"""What every test may use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Two cores: each xdist worker keeps to one thread, or they fight.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("FEAST_USAGE", "False")

START = Path.cwd()


@pytest.fixture(autouse=True)
def _stays_where_it_is() -> Iterator[None]:
    """Check that a test comes back to the folder it began in: data beside the project is found from there."""
    yield
    there = Path.cwd()
    os.chdir(START)
    assert there == START, f"the test left its process in {there}"
