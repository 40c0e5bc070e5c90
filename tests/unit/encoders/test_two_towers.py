"""Two towers: means of histories without what is asked for, features, and their gradient."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch

from embedding_features.encoders import TwoTowers
from embedding_features.graph.view import View
from embedding_features.sampling import Examples
from tests.unit.graph.test_sequences import graph_of

LOG = [(0, 5, None), (0, 1, None), (0, 2, None), (2, 4, None)]
EXAMPLES = Examples(torch.tensor([0, 0, 2, 1]), torch.tensor([8, 6, 7, 3]), torch.tensor([3, 4]))


FEATURES = {"user": pa.table({"age": [1.0, 5.0, 3.0]}), "item": pa.table({"kind": [*"aabbab"]})}


def network_of(features=None, **settings):
    view = View(nodes="all").build(replace(graph_of(saw=LOG), features=features or {}))
    return TwoTowers(dim=3, std=0.5, **settings).build(view, torch.Generator().manual_seed(0))


def towers_of(network, src, dst):
    """Vectors of sources that are asked for a destination, in loops; None asks for none."""
    table = network.table if network.settings.ids else torch.cat([torch.zeros(3, 3), network.table])
    if network.of_features is not None:
        table = table + network.inputs.times(torch.eye(network.inputs.width)) @ network.of_features
    out = []
    for user, item in zip(src, dst, strict=True):
        history = [3 + i for u, i, _ in LOG if u == user and 3 + i != item]
        mean = sum(table[i] for i in history) / len(history) if history else torch.zeros(3)
        x = table[user] + mean @ network.of_history
        for number, layer in enumerate(network.layers):
            x = layer(torch.relu(x) if number else x)
        out.append(x)
    return torch.stack(out)


@pytest.mark.parametrize(
    "settings",
    [{}, {"ids": False, "hidden": (5, 4)}, {"features": FEATURES}, {"features": FEATURES, "ids": False}],
)
def test_histories_lack_what_they_are_asked_for(settings):
    """User 0 is asked for an item of the history and one that is none, user 2 for the only one."""
    network = network_of(**settings)
    encoded, _ = network.encode(EXAMPLES)
    expected = towers_of(network, [0, 0, 2, 1], [8, 6, 7, 3])
    torch.testing.assert_close(encoded.src, expected, atol=1e-6, rtol=0)
    parameters = list(network.parameters())
    weights = torch.randn(4, 3, generator=torch.Generator().manual_seed(1))
    ours, theirs = (torch.autograd.grad((x * weights).sum(), parameters) for x in (encoded.src, expected))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)


def test_published_are_whole_histories():
    network = network_of()
    torch.testing.assert_close(network()["user"], towers_of(network, range(3), [None] * 3), atol=1e-6, rtol=0)
    np.testing.assert_array_equal(network()["item"].detach(), network.table[3:].detach())
