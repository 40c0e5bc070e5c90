"""The search: what it finds, what its trials see, how it goes on after a kill, and what it refuses."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from embedding_features.errors import ConfigError, DataError, GraphError, TrainingError
from embedding_features.graph import Graph
from embedding_features.methods import registry
from embedding_features.methods.search_space import Choice, Range
from embedding_features.tuning import Tuned, Tuning, tune
from embedding_features.tuning.journal import open_study
from tests.unit.tuning import oracle
from tests.unit.tuning.oracle import EPOCHS, SEEN, grouped_graph, register_oracle

SETTINGS = Tuning(users=None)


@pytest.fixture(autouse=True)
def _oracle(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle is registered, and has seen nothing."""
    registry.methods()  # the entry points first
    monkeypatch.setattr(registry, "_METHODS", dict(registry._METHODS))
    register_oracle()
    SEEN.__init__()  # type: ignore[misc]


def search(trials: int, fixed: dict[str, Any] | None = None, **arguments: Any) -> Tuned:
    return tune("oracle", grouped_graph(), fixed, trials=trials, **{"settings": SETTINGS, **arguments})


def told(tuned: Tuned) -> list[tuple[object, ...]]:
    """What a search tells of its trials, without their seconds."""
    return [(dict(t.parameters), t.state, t.figure, t.result, t.error) for t in tuned.trials]


def pairs(graph: Graph) -> set[tuple[int, int]]:
    csr = graph.relation().forward
    return set(zip(csr.sources().tolist(), csr.indices.tolist(), strict=True))


def test_it_finds_what_is_better_than_the_start_which_it_tries_first() -> None:
    tuned = search(40, {"steps": 2})
    assert tuned.start == tuned.trials[0]
    assert tuned.start.parameters == {"steps": 2, "rate": 10.0, "mode": "bad"}
    assert len(tuned.trials) == 40
    assert tuned.best.figure == max(t.figure for t in tuned.trials if t.figure is not None)
    assert tuned.best.parameters["mode"] == "good"
    assert tuned.best.parameters["steps"] in (2, 3, 4)
    assert 0.5 < tuned.best.parameters["rate"] < 2
    assert tuned.best.figure > tuned.start.figure + 0.3
    assert tuned.parameters == {"steps": 2} | tuned.best.parameters
    values = {name: {type(t.parameters[name]) for t in tuned.trials} for name in tuned.space}
    assert values == {"steps": {int}, "rate": {float}, "mode": {str}}


def test_later_trials_learn_from_earlier_ones() -> None:
    """The half of the trials that comes last is nearer to the best settings than the first half."""
    tuned = search(60)
    figures = [trial.figure or 0.0 for trial in tuned.trials]
    assert np.mean(figures[30:]) > np.mean(figures[:30]) + 0.08  # random: within 0.03


@pytest.mark.parametrize("timed", [False, True], ids=["random", "time"])
def test_trials_see_one_split_one_seed_and_nothing_of_what_they_have_to_find(timed: bool) -> None:
    graph = grouped_graph(timed)
    before = pairs(graph)
    tuned = tune("oracle", graph, trials=6, settings=SETTINGS.model_copy(update={"seed": 3}))
    split = tune("oracle", graph, trials=1, settings=Tuning(seed=3, by="time" if timed else "random"))
    assert len({fitted.fingerprint for _, fitted, _ in SEEN.fits}) == 1  # timed: by time is the default
    assert {seed for _, _, seed in SEEN.fits} == {3}
    assert split.trials[0].result is not None
    learned = pairs(SEEN.fits[0][1])
    assert learned < before == pairs(graph)
    assert len(before - learned) == pytest.approx(0.2 * len(before), rel=0.1)
    assert {t.result.users for t in tuned.trials if t.result} == {len({src for src, _ in before - learned})}
    if timed:
        learned_times = SEEN.fits[0][1].relation().forward.time
        kept = graph.relation().forward.time <= learned_times.max()
        assert kept.sum() == len(learned_times)  # nothing later than the moment that it was cut at


def test_the_metric_is_measured_on_so_many_users() -> None:
    few = search(1, settings=Tuning(metric="recall@5", users=7))
    assert few.start.result is not None
    assert (few.start.result.users, few.start.result.k) == (7, 5)
    assert few.start.figure == few.start.result.recall
    ranked = search(1, settings=Tuning(metric="ndcg@5")).start
    assert ranked.result is not None
    assert ranked.figure == ranked.result.ndcg != ranked.result.recall


def test_a_trial_that_fails_is_recorded_unless_it_is_the_first(tmp_path: Path) -> None:
    tuned = search(30, parameters=["steps"])
    failed = [trial for trial in tuned.trials if trial.state == "failed"]
    assert failed
    assert all(t.parameters == {"steps": 6} and t.figure is None and t.error == "diverged" for t in failed)
    assert tuned.count("failed") == len(failed)
    assert tuned.count("complete") == 30 - len(failed)
    for _ in range(2):  # the failed start is not taken for a trial
        with pytest.raises(TrainingError, match="diverged"):
            search(3, {"steps": 6}, root=tmp_path)


def test_what_was_measured_is_not_fitted_again() -> None:
    tuned = search(12, parameters=["mode"])
    assert len(tuned.trials) == 12
    assert len(SEEN.fits) == 2
    assert len({trial.result for trial in tuned.trials}) == 2


@pytest.mark.parametrize("checks", [False, True], ids=["closed form", "trained"])
def test_a_training_below_the_median_is_ended_early(checks: bool) -> None:
    tuned = search(30, {"checks": checks})
    cut = [epoch for epoch in SEEN.epochs if 0 < epoch < EPOCHS[-1]]
    assert tuned.count("pruned") == len(cut)
    assert (len(cut) > 3) is checks
    assert all(epoch >= 10 for epoch in cut)
    assert all(trial.state == "complete" or trial.figure is None for trial in tuned.trials)
    assert "pruned" not in {trial.state for trial in tuned.trials[:5]}
    assert tuned.best.state == "complete"


@pytest.mark.parametrize(("kill_at", "torn"), [(0, b""), (1, b'{"op'), (6, b""), (11, b'{"op_code":5,"wor')])
def test_a_killed_search_goes_on_as_if_it_had_not_been(kill_at: int, torn: bytes, tmp_path: Path) -> None:
    """Killed within a fit; or while a line was written, with Optuna's lock of that line left behind."""
    fixed = {"checks": True}
    whole = search(13, fixed)
    SEEN.__init__(kill_at=kill_at)  # type: ignore[misc]
    with pytest.raises(KeyboardInterrupt):
        search(13, fixed, root=tmp_path)
    (journal,) = tmp_path.rglob("journal.jsonl")
    with journal.open("ab") as file:
        file.write(torn)
    journal.with_name("journal.jsonl.lock").symlink_to("journal.jsonl")
    SEEN.kill_at = None
    resumed = search(13, fixed, root=tmp_path)
    assert told(resumed) == told(whole)
    assert whole.count("pruned") > 0
    assert resumed.parameters == whole.parameters


def test_a_finished_search_is_found_and_can_be_made_longer(tmp_path: Path) -> None:
    short = search(5, root=tmp_path)
    assert told(search(5, root=tmp_path)) == told(search(2, root=tmp_path)) == told(short)
    assert len(SEEN.fits) == 5
    longer = search(8, root=tmp_path)
    assert told(longer)[:5] == told(short)
    assert told(longer) == told(search(8))
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"settings": SETTINGS.model_copy(update={"seed": 1})},
        {"settings": SETTINGS.model_copy(update={"metric": "ndcg@20"})},
        {"fixed": {"steps": 2}},
        {"parameters": ["rate"]},
    ],
)
def test_another_search_is_another_folder(other: dict[str, Any], tmp_path: Path) -> None:
    one, two = search(1, root=tmp_path), search(1, root=tmp_path, **other)
    assert one.folder != two.folder
    assert len(two.trials) == 1


def test_two_processes_do_not_go_on_with_one_search(tmp_path: Path) -> None:
    folder = search(1, root=tmp_path).folder
    with open_study(folder), pytest.raises(DataError, match=r"another job.*oracle-"):
        search(1, root=tmp_path)
    search(2, root=tmp_path)


@pytest.mark.parametrize("content", [b"[1]\n{}\n", b"nothing\n[]\n", b'{"a": 1}\n{}\n', b"\xff\n\xff\n"])
def test_a_journal_that_is_none_is_named(content: bytes, tmp_path: Path) -> None:
    folder = search(1, root=tmp_path).folder
    assert folder is not None
    (folder / "journal.jsonl").write_bytes(content)
    with pytest.raises(DataError, match=r"journal\.jsonl is not the journal of a search[\s\S]*fix: remove"):
        search(1, root=tmp_path)


def test_no_trial_begins_after_the_minutes_and_one_always_does() -> None:
    assert len(search(50, minutes=1e-9).trials) == 1


def test_the_space_is_widened_to_the_start() -> None:
    tuned = search(3, {"rate": 1000.0, "mode": "other"})
    assert tuned.space["rate"] == Range(0.01, 1000.0, log=True)
    assert tuned.space["mode"] == Choice("bad", "good", "other")
    assert tuned.start.parameters == {"steps": 1, "rate": 1000.0, "mode": "other"}


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("orakel", {}, r"no method 'orakel'\n.*als"),
        ("oracle", {"parameters": ["rate", "dim"]}, r"no tunable parameter 'dim'\n.*steps, rate, mode"),
        ("oracle", {"parameters": []}, "no tunable parameter\n"),
        ("rigid", {}, r"no tunable parameter\n.*declare some"),
        ("oracle", {"trials": 0}, "0 trials"),
        ("oracle", {"trials": -1}, "-1 trials"),
        ("oracle", {"minutes": 0}, "0 minutes"),
        ("oracle", {"minutes": float("nan")}, "nan minutes"),
        ("oracle", {"fixed": {"stepz": 1}}, "'stepz'"),
        ("oracle", {"fixed": {"rate": 0.0}}, "'rate'.*no logarithm"),
    ],
)
def test_what_cannot_be_searched_is_named(name: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        tune(name, grouped_graph(), **arguments)
    assert not SEEN.fits


def test_a_moment_without_edges_is_named() -> None:
    nothing = np.zeros(0, np.int64)
    graph = Graph.from_arrays(oracle.NOW, {("user", "likes", "item"): (nothing, nothing, nothing)})
    with pytest.raises(
        GraphError, match=r"'likes' has no edges as of 2026-01-01[\s\S]*fix: name a later moment"
    ):
        tune("oracle", graph)


@pytest.mark.parametrize("wrong", [{"metric": "auc"}, {"metric": "recall@0"}, {"fraction": 1}, {"users": 0}])
def test_settings_that_say_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Tuning(**wrong)
