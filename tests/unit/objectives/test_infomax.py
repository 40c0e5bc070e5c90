"""The loss of deep graph infomax by hand."""

import math

import pytest
import torch

from embedding_features.encoders import Encoded
from embedding_features.errors import ConfigError
from embedding_features.objectives import Infomax
from embedding_features.objectives.base import Step
from embedding_features.sampling import Examples
from embedding_features.scorers import Dot


def step(views: tuple[Encoded, Encoded] | None) -> Step:
    rows = torch.arange(2)
    encoded = Encoded(torch.zeros(2, 2), torch.zeros(2, 2), torch.zeros(0, 2), views)
    return Step(Examples(rows, rows, rows[:0]), encoded, encoded, Dot().build(1, 2, torch.Generator()))


def test_true_nodes_are_told_from_corrupted_ones_by_the_summary() -> None:
    """⟨h, s⟩ are 1 and 2, ⟨h̃, s⟩ −1 and 3."""
    summary = torch.tensor([[1.0, 1.0]]).expand(2, 2)
    true = Encoded(torch.tensor([[1.0, 0.0], [2.0, 0.0]]), summary, torch.zeros(0, 2))
    corrupted = Encoded(torch.tensor([[0.0, -1.0], [1.0, 2.0]]), summary, torch.zeros(0, 2))
    known = (math.log(1 + math.exp(-1)) + math.log(1 + math.exp(-2))) / 2
    wrong = (math.log(1 + math.exp(-1)) + math.log(1 + math.exp(3))) / 2
    assert Infomax().loss(step((true, corrupted))).item() == pytest.approx(known + wrong, rel=1e-6)


def test_a_network_without_a_corrupted_view_is_refused() -> None:
    with pytest.raises(ConfigError, match="corrupted view"):
        Infomax().loss(step(None))
