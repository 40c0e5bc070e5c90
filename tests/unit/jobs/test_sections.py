"""The section of a pretrained method: what a warm start may be asked for."""

import pytest

from embedding_features.errors import ConfigError
from embedding_features.methods import make
from jobs.sections import Pretrain


@pytest.mark.parametrize("held", [{"previous_l2": 0.1}, {"freeze": ["item"]}])
def test_what_holds_fast_to_a_snapshot_before_needs_a_warm_start(held: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="set warm_start: true"):
        Pretrain.model_validate({"method": "mf_bpr", **held})
    composition = Pretrain.model_validate({"method": "mf_bpr", "warm_start": True, **held}).composition()
    assert (composition.previous_l2, composition.freeze) == (
        held.get("previous_l2", 0.0),
        tuple(held.get("freeze", ())),
    )
    assert composition.name == "mf_bpr"


def test_without_them_the_composition_is_the_methods_own() -> None:
    settings = Pretrain(
        method="transe", params={"dim": 8, "relations": ["likes", "follows"]}, warm_start=True
    )
    assert settings.composition() == make("transe", dim=8, relations=("likes", "follows"))


def test_a_negative_pull_and_a_wrong_parameter_are_refused() -> None:
    with pytest.raises(ValueError, match="previous_l2"):
        Pretrain(previous_l2=-1, warm_start=True)
    with pytest.raises(ConfigError, match="'transe', parameter 'relation'"):
        Pretrain(method="transe", params={"relation": "likes"}).composition()
