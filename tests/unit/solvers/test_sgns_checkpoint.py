"""A killed fit goes on where it was, and never from another run's checkpoint."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedding_features.errors import TrainingError
from embedding_features.progress import Advance
from embedding_features.solvers.sgns import SGNS, SkipGram
from embedding_features.walks import UniformWalks
from tests.unit.walks.graphs import random_graph

ROWS, ROUNDS = 40, 3
WALKER = UniformWalks(length=12).over(random_graph(0, nodes=ROWS, edges=80))
TRAINING = SGNS(dim=4, walks_per_node=ROUNDS, window=3)


class KilledError(Exception):
    """Stands for the end of a process."""


class Kill:
    """Watches the training of a fit, and kills it once it is told of more than so many steps."""

    def __init__(self, after: int = 10**9) -> None:
        self.steps: list[int] = []
        self.total: int | None = None
        self.after = after

    @contextmanager
    def task(self, name: str, total: int | None = None) -> Iterator[Advance]:
        training = name == "sgns"
        self.total = total

        def advance(steps: int = 1, status: str = "") -> None:
            self.steps += [steps] * training
            if sum(self.steps) > self.after:
                raise KilledError

        yield advance


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch, one_thread: None) -> None:
    """Seven walks at a time, a checkpoint after each."""
    monkeypatch.setattr("embedding_features.solvers.sgns.solver._BATCH", 7 * 12)
    monkeypatch.setattr("embedding_features.solvers.sgns.checkpoint._SECONDS", 0.0)
    monkeypatch.setattr("embedding_features.solvers.sgns.checkpoint._TIMES", 0.0)


def killed(folder: Path, after: int, **given: Any) -> None:
    with pytest.raises(KilledError):
        TRAINING.fit(WALKER, seed=5, checkpoint=folder, progress=Kill(after), **given)


@pytest.mark.parametrize(("after", "kept"), [(0, 0), (7, 7), (38, 35), (100, 94)])
def test_a_killed_fit_ends_in_the_same_vectors(tmp_path: Path, after: int, kept: int) -> None:
    whole = TRAINING.fit(WALKER, seed=5)
    killed(tmp_path, after)
    watch = Kill()
    found = TRAINING.fit(WALKER, seed=5, checkpoint=tmp_path, progress=watch)
    np.testing.assert_array_equal(found.vectors, whole.vectors)
    np.testing.assert_array_equal(found.contexts, whole.contexts)
    assert found.pairs == whole.pairs
    assert sum(watch.steps) == watch.total == ROWS * ROUNDS
    assert watch.steps[0] == kept


def test_a_finished_fit_is_not_trained_again(tmp_path: Path) -> None:
    whole = TRAINING.fit(WALKER, seed=5, checkpoint=tmp_path)
    watch = Kill()
    found = TRAINING.fit(WALKER, seed=5, checkpoint=tmp_path, progress=watch)
    assert watch.steps == [ROWS * ROUNDS]
    assert found.pairs == whole.pairs
    np.testing.assert_array_equal(found.vectors, whole.vectors)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "checkpoint.json",
        "walks-000000000000120.safetensors",
    ]


def test_a_checkpoint_of_another_fit_is_refused(tmp_path: Path) -> None:
    killed(tmp_path, 20)
    given = np.ones((2, ROWS, 4), np.float32)
    frozen = np.zeros(ROWS, np.bool_)
    other = UniformWalks(length=12).over(random_graph(1, nodes=ROWS, edges=80))
    longer = UniformWalks(length=13).over(random_graph(0, nodes=ROWS, edges=80))
    fits = (
        (TRAINING, WALKER, {"seed": 6}),
        (TRAINING, WALKER, {"seed": 5, "start": SkipGram(*given)}),
        (TRAINING, WALKER, {"seed": 5, "frozen": frozen}),
        (TRAINING, other, {"seed": 5}),
        (TRAINING, longer, {"seed": 5}),
        (TRAINING.model_copy(update={"window": 4}), WALKER, {"seed": 5}),
    )
    for training, walker, arguments in fits:
        with pytest.raises(TrainingError, match="of another run"):
            training.fit(walker, checkpoint=tmp_path, **arguments)


def test_an_altered_checkpoint_is_refused(tmp_path: Path) -> None:
    killed(tmp_path, 20)
    (file,) = tmp_path.glob("*.safetensors")
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(TrainingError, match="SHA-256 differs"):
        TRAINING.fit(WALKER, seed=5, checkpoint=tmp_path)
    file.unlink()
    with pytest.raises(TrainingError, match="lacks the file"):
        TRAINING.fit(WALKER, seed=5, checkpoint=tmp_path)
    (tmp_path / "checkpoint.json").write_text("{")
    with pytest.raises(TrainingError, match="cannot be read"):
        TRAINING.fit(WALKER, seed=5, checkpoint=tmp_path)


def test_a_fit_saves_no_more_than_once_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedding_features.solvers.sgns.checkpoint._SECONDS", 60.0)
    killed(tmp_path, 100)
    assert not list(tmp_path.iterdir())
