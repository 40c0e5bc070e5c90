"""What a method declares tunable is checked when it is registered, and suggested in the parameter's type."""

from collections.abc import Mapping

import optuna
import pytest

from embedding_features import methods as m
from embedding_features.errors import ConfigError
from embedding_features.methods import registry
from embedding_features.methods.search_space import Choice, Range, SearchSpace


@pytest.mark.parametrize(
    ("low", "high", "log", "message"),
    [
        (0, 1.0, False, "neither of two integers nor of two floats"),
        (False, True, False, "neither of two integers nor of two floats"),
        (2, 2, False, "no numbers inside"),
        (1.0, float("inf"), False, "no numbers inside"),
        (float("nan"), 1.0, False, "no numbers inside"),
        (0.0, 1.0, True, "no logarithm"),
    ],
)
def test_a_range_without_numbers_is_refused(low: float, high: float, log: bool, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Range(low, high, log=log)


@pytest.mark.parametrize("values", [(), ("a",), ("a", "a")])
def test_a_choice_of_less_than_two_is_refused(values: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="not a choice"):
        Choice(*values)


def test_a_space_is_widened_to_where_a_search_starts() -> None:
    assert Range(1, 4).including(2) == Range(1, 4)
    assert Range(0.1, 1.0, log=True).including(3) == Range(0.1, 3.0, log=True)
    assert Range(0.1, 1.0).including(0) == Range(0.0, 1.0)
    assert Choice("a", "b").including("b") == Choice("a", "b")
    assert Choice(1, 2).including(True) == Choice(1, 2, True)
    for space, value in ((Range(0.1, 1.0, log=True), 0.0), (Range(1, 4), None), (Range(1, 4), True)):
        with pytest.raises(ConfigError):
            space.including(value)
    with pytest.raises(ConfigError, match="single value"):
        Choice("a", "b").including(("a", "b"))


def test_suggestions_are_of_the_parameters_type_and_reach_the_ends() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    spaces: Mapping[str, SearchSpace] = {
        "layers": Range(1, 3),
        "width": Range(1, 1000, log=True),
        "lr": Range(1e-4, 1e-1, log=True),
        "share": Range(0.0, 1.0),
        "norm": Choice("none", None, 2, True),
    }
    seen = []
    for _ in range(200):
        trial = study.ask()
        seen.append({name: space.suggest(trial, name) for name, space in spaces.items()})
    values = {name: [one[name] for one in seen] for name in spaces}
    assert {type(value) for name in ("layers", "width") for value in values[name]} == {int}
    assert {type(value) for name in ("lr", "share") for value in values[name]} == {float}
    assert set(values["layers"]) == {1, 2, 3}
    assert set(values["norm"]) == {"none", None, 2, True}
    for name, middle, among in (("lr", 3e-3, 1e-1), ("share", 0.5, 1.0), ("width", 31, 1000)):
        assert 60 < sum(value < middle for value in values[name]) < 140
        assert max(values[name]) > 0.5 * among


def declared(**tunable: SearchSpace) -> object:
    @m.method(family="test", exports="nothing", tunable=tunable)
    def tuned_method(
        layers: int = 3, lr: float = 0.01, norm: str = "none", relation: str | None = None
    ) -> m.ClosedForm:
        """A paper."""
        raise NotImplementedError

    return tuned_method


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    m.methods()  # the entry points first
    monkeypatch.setattr(registry, "_METHODS", dict(registry._METHODS))


def test_what_is_declared_is_listed() -> None:
    declared(layers=Range(1, 4), norm=Choice("none", "symmetric"))
    assert m.get_method("tuned_method").tunable == {
        "layers": Range(1, 4),
        "norm": Choice("none", "symmetric"),
    }


@pytest.mark.parametrize(
    ("tunable", "message"),
    [
        ({"layer": Range(1, 4)}, r"'tuned_method', tunable 'layer' is not a parameter\n.*layers, lr, norm"),
        ({"layers": Range(1.0, 4.0)}, r"'layers': 1.0 is float, and the parameter takes int"),
        ({"lr": Range(0, 1)}, r"'lr': 0 is int, and the parameter takes float"),
        ({"lr": Choice("small", "large")}, r"parameter 'lr'.*got 'small'"),
        ({"norm": Range(1, 4)}, r"parameter 'norm'.*got 1"),
        ({"layers": Range(4, 6)}, r"'layers': the default 3 is not in 4 to 6"),
        ({"norm": Choice("left", "right")}, r"'norm': the default 'none' is not in one of 'left', 'right'"),
    ],
)
def test_what_does_not_fit_the_parameters_is_refused(tunable: dict[str, SearchSpace], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        declared(**tunable)
    assert "tuned_method" not in registry._METHODS


@pytest.mark.parametrize("name", ["als", "bpmf", "lightgcn", "mf_bpr", "spectral", "vbmf"])
def test_our_methods_declare_what_they_can_be_built_with(name: str) -> None:
    tunable = m.get_method(name).tunable
    assert tunable
    assert not {"dim", "relation", "attributes", "batch_size", "epochs"} & set(tunable)
    for values in zip(*(space.values[:2] for space in tunable.values()), strict=True):
        m.make(name, **dict(zip(tunable, values, strict=True)))
