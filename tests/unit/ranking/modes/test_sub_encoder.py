"""What an encoder learns inside a ranker, and when: layers, thawing, L2-SP; ids to rows."""

import numpy as np
import pytest
import torch
from torch import nn

from ranking.modes.node_index import NodeIndex
from ranking.modes.sub_encoder import FineTuning, SubEncoder, layers


class TwoLayers(nn.Module):
    """An embedding of its own below two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2)
        self.table = nn.Parameter(torch.ones(3, 2))

    def forward(self):
        return {"user": self.second(self.first(self.table))}


def test_layers_go_from_the_last_to_the_first():
    net = TwoLayers()
    found = [[id(p) for p in layer] for layer in layers(net)]
    expected = [net.second.parameters(), net.first.parameters(), [net.table]]
    assert found == [[id(p) for p in layer] for layer in expected]


def sub_of(net, tuning):
    return SubEncoder(net, [np.arange(3)], [], tuning)


def learning(net):
    return [net.second.weight.requires_grad, net.first.weight.requires_grad, net.table.requires_grad]


def test_layers_thaw_one_after_another():
    """Two steps an epoch; the last layer after one epoch, each further two epochs later."""
    net = TwoLayers()
    sub = sub_of(net, FineTuning(after=1, every=2))
    found = []
    for _ in range(14):
        sub.advance(2)
        found.append(sum(learning(net)))
    assert found == [0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]


def test_a_frozen_encoder_never_thaws():
    net = TwoLayers()
    sub = sub_of(net, None)
    for _ in range(9):
        sub.advance(1)
    assert not any(learning(net))
    assert float(sub.l2_sp(torch.zeros(1), None)) == 0


def test_l2_sp_by_hand():
    """α/2 of the squared distances of what learns; its gradient is α (w − w⁰)."""
    net = TwoLayers()
    sub = sub_of(net, FineTuning(l2_sp=0.5, after=0, every=100))
    sub.advance(1)
    with torch.no_grad():
        net.second.weight += torch.tensor([[1.0, 2.0], [0.0, 0.0]])
        net.table += 9.0  # does not learn yet, so does not count
    loss = sub.l2_sp(torch.zeros(1), None)
    assert loss.item() == pytest.approx(0.25 * 5)
    loss.backward()
    np.testing.assert_allclose(net.second.weight.grad, [[0.5, 1.0], [0, 0]], atol=1e-6)


def test_vectors_are_kept_until_they_can_differ():
    net = TwoLayers()
    sub = sub_of(net, FineTuning(after=0))
    sub.eval()
    assert sub.tables() is sub.tables()
    before = sub.tables()[0].clone()
    sub.load_state_dict(
        {name: value + 1 for name, value in sub.state_dict().items() if "index" not in name}, strict=False
    )
    assert not torch.equal(sub.tables()[0], before)
    sub.train()
    sub.advance(1)
    assert sub.tables()[0].requires_grad
    assert not sub.tables()[0][0].any()  # the absent


def test_ids_are_found_by_their_keys():
    index = NodeIndex(np.array([70, -5, 2**62, 3]))
    keys = torch.tensor([3, 70, 4, -5, 2**62, 2**63 - 1, -(2**63)])
    assert index(keys).tolist() == [4, 1, 0, 2, 3, 0, 0]
    assert index.in_order().tolist() == [70, -5, 2**62, 3]
