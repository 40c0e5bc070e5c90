"""LightGBM's number of threads: calls that agree on it run together, others wait, and none goes without."""

import threading

import lightgbm
import pytest

from ranking.models import LightGBM
from ranking.models.lightgbm_threads import ThreadCount
from ranking.testing.planted import planted_inputs


def entered(count: ThreadCount, threads: int) -> tuple[threading.Thread, threading.Event, threading.Event]:
    """Return a thread that asks for a number of threads, whether it was let in, and what lets it out."""
    inside, leave = threading.Event(), threading.Event()

    def run() -> None:
        with count.of(threads):
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, inside, leave


def test_calls_that_agree_run_together_and_others_wait() -> None:
    count = ThreadCount()
    first, second = entered(count, 2), entered(count, 2)
    assert first[1].wait(10)
    assert second[1].wait(10)
    other = entered(count, 3)
    first[2].set()
    first[0].join(10)
    assert not other[1].wait(0.05)
    second[2].set()
    assert other[1].wait(10)
    for thread, _, leave in (first, second, other):
        leave.set()
        thread.join(10)
        assert not thread.is_alive()


def test_an_error_lets_the_next_one_in() -> None:
    count = ThreadCount()
    with pytest.raises(ValueError, match="in the block"), count.of(1):
        raise ValueError("in the block")
    with count.of(2) as threads:
        assert threads == 2


def test_predictions_ask_for_the_rankers_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    predict = lightgbm.Booster.predict

    def recorded(*given: object, **settings: object) -> object:
        asked.append(settings.get("num_threads"))
        return predict(*given, **settings)

    monkeypatch.setattr(lightgbm.Booster, "predict", recorded)
    train, validation = planted_inputs(600, 0), planted_inputs(300, 1)
    fitted = LightGBM(rounds=3, min_rows_in_leaf=20, objective="lambdarank", threads=2).fit(
        train, validation, 0
    )
    fitted.predict(validation)
    fitted.contributions(validation)
    assert asked == [2, 2, 2]
