"""Nodes that came after training have the vectors that a pass over the whole later graph gives."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
import torch

from embedding_features.encoders import DGI, GAT, GCN, RGCN, SIGN, GraphSAGE, InductiveEncoder, ServedNodes
from embedding_features.graph import Graph
from embedding_features.graph.view import GraphView, View

EARLY, LATE = 30, 40
KINDS = [GCN(dim=5), GAT(dim=5), GraphSAGE(dim=5), SIGN(dim=5), RGCN(dim=5), DGI(dim=5)]


def view_of(users: int) -> GraphView:
    """Users with features, of whom the last has no edge, and items without; later there are more of both."""
    rng = np.random.default_rng(0)
    src, dst = rng.integers(0, LATE - 1, 80), rng.integers(0, 12, 80)
    inside = (src < users) & ((users == LATE) | (dst < 8))
    ids = np.arange(users)
    edges = {
        ("user", "saw", "item"): (src[inside], dst[inside]),
        ("user", "is", "user"): (ids, ids),  # none that is read: it brings users into the vocabulary
    }
    graph = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges)
    numbers = graph.vocabularies["user"].ids.to_numpy()
    graph.features["user"] = pa.table({"x": np.sin(numbers), "y": np.cos(3 * numbers)})  # type: ignore[index]
    return View(relations=("saw",), weights="one", nodes="all").build(graph)


@pytest.mark.parametrize("settings", KINDS, ids=lambda settings: settings.kind)
def test_their_vectors_are_those_of_the_whole_graph(settings: InductiveEncoder) -> None:
    early, late = view_of(EARLY), view_of(LATE)
    network = settings.build(early, torch.Generator().manual_seed(0))
    network.rotate(torch.linalg.qr(torch.randn(5, 5)).Q.numpy())
    before = network.vectors().detach().clone()
    whole = torch.cat(list(network.over(late)().values())).detach().numpy()
    served = ServedNodes(network, late)
    for rows in ([31], [LATE - 1], [35, 2, 38]):
        found = served.vectors(np.array(rows))
        np.testing.assert_allclose(found, whole[rows], atol=1e-5)
        assert np.abs(found).max(axis=1).min() > 1e-4
    assert torch.equal(network.vectors(), before)
    fresh = network.over(early)
    torch.testing.assert_close(fresh.vectors(), before, atol=1e-6, rtol=0)
