"""Importance pooling against the paper's formulas node by node, and how many nodes a layer computes."""

import numpy as np
import pytest
import torch

from embedding_features.encoders import ImportancePooling
from embedding_features.encoders.importance_pooling import find_neighbourhoods
from embedding_features.errors import SnapshotError
from embedding_features.sampling import Examples
from embedding_features.testing.graphs import clicks_view
from embedding_features.walks import VisitCounts

WALKS = VisitCounts(steps=200, restart=0.5, top=4)


def network(layers: int = 2, **settings):
    made = ImportancePooling(dim=6, layers=layers, visits=WALKS, **settings).build(
        clicks_view(), torch.Generator().manual_seed(1)
    )
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2))
    return made


def naive(net, row: int, layer: int) -> np.ndarray:
    """Algorithm 1 of the paper for one node, its neighbours computed for it alone."""
    if layer == 0:
        return net.table[row].detach().double().numpy()
    convolution = net.convolutions[layer - 1]
    q, q_bias, w, w_bias = (p.detach().double().numpy() for p in convolution.parameters())
    pooled = np.zeros(len(q))
    for node, alpha in zip(net.nodes[row].tolist(), net.importance[row].tolist(), strict=True):
        if node >= 0:
            pooled += alpha * np.maximum(q @ naive(net, node, layer - 1) + q_bias, 0)
    new = np.maximum(w @ np.concatenate([naive(net, row, layer - 1), pooled]) + w_bias, 0)
    return new / max(np.linalg.norm(new), 1e-12)


@pytest.mark.parametrize("layers", [1, 2])
def test_vectors_are_those_of_the_papers_algorithms(layers: int) -> None:
    net = network(layers)
    inner, bias, outer = (p.detach().double().numpy() for p in net.readout.parameters())
    rows = [0, 17, 59, 60, 109]
    expected = [outer @ np.maximum(inner @ naive(net, row, layers) + bias, 0) for row in rows]
    np.testing.assert_allclose(net.vectors().detach()[rows], expected, atol=1e-5)
    np.testing.assert_allclose(net.vectors_of(torch.tensor(rows)).detach(), expected, atol=1e-5)


def test_neighbours_are_the_most_visited_with_their_shares() -> None:
    adjacency = clicks_view().adjacency()
    visits, found = WALKS.count(adjacency, np.arange(110), seed=0), find_neighbourhoods(adjacency, WALKS)
    heard = visits.counts.sum(axis=1)
    assert (heard > 0).sum() > 90
    for row in np.flatnonzero(heard):
        shares = dict(zip(visits.nodes[row].tolist(), visits.counts[row] / heard[row], strict=True))
        got = dict(zip(found.nodes[row].tolist(), found.weights[row], strict=True))
        assert got == pytest.approx(shares)
    assert (found.nodes[heard == 0] == -1).all()
    assert not found.weights[heard == 0].any()


def counted(net) -> list[int]:
    """Rows that each affine map of the convolutions is applied to, as they come."""
    rows: list[int] = []
    for convolution in net.convolutions:
        for part in (convolution.said, convolution.update):
            part.register_forward_hook(lambda _module, inputs, _output: rows.append(len(inputs[0])))
    return rows


def test_inference_computes_each_node_once_a_layer() -> None:
    net = network(3)
    rows = counted(net)
    net.vectors()
    assert rows == [110] * 6


def test_a_step_computes_the_distinct_nodes_that_its_examples_hear() -> None:
    net = network(1)
    rows, asked = counted(net), torch.tensor([3, 3, 70])
    net.encode(Examples(asked[:1], asked[2:], asked[1:2]))
    heard = ({3, 70} | set(net.nodes[[3, 70]].flatten().tolist())) - {-1}
    assert rows == [len(heard), 2]


def test_a_plan_changes_nothing() -> None:
    net = network()
    examples = Examples(
        torch.arange(9), torch.arange(60, 69), torch.arange(80, 99), hard=torch.arange(90, 99)[:, None]
    )
    (one, _), (other, _) = net.encode(examples), net.encode(net.plan(examples))
    for a, b in zip(
        (one.src, one.dst, one.negatives, one.hard),
        (other.src, other.dst, other.negatives, other.hard),
        strict=True,
    ):
        assert torch.equal(a, b)
    assert one.hard.shape == (9, 1, 6)
    torch.testing.assert_close(one.hard[:, 0], net.vectors()[90:99], atol=1e-6, rtol=0)


def test_a_sparse_gradient_is_the_dense_one_of_the_rows_that_were_read() -> None:
    grads = []
    for sparse in (False, True):
        net = network(sparse=sparse)
        encoded, _ = net.encode(Examples(torch.arange(5), torch.arange(60, 65), torch.arange(70, 75)))
        (encoded.src * encoded.dst).sum().backward()
        grads.append(net.table.grad.coalesce() if sparse else net.table.grad)
    assert grads[1].is_sparse
    assert len(grads[1].indices()[0]) < 110
    torch.testing.assert_close(grads[1].to_dense(), grads[0])


def test_hidden_nodes_do_without_their_own_vector_in_training_alone() -> None:
    net = network(1, unseen=0.999)
    examples = Examples(torch.arange(50), torch.arange(60, 110), torch.arange(60, 62))
    torch.manual_seed(0)
    hidden = net.encode(examples)[0].src
    with torch.no_grad():
        known = net.vectors()[:50]
        said = net.convolutions[0].say(net.table)
        heard = torch.stack(
            [
                (said[n.clamp(min=0).long()] * w[:, None]).sum(0)
                for n, w in zip(net.nodes, net.importance, strict=True)
            ]
        )
        without = net._read(net.convolutions[0](torch.zeros(110, 6), heard))[:50]
    assert torch.isclose(hidden, without, atol=1e-5).all(1).float().mean() > 0.9
    assert (known - without).abs().max() > 0.01


def test_new_nodes_are_made_of_their_own_walks_and_others_stay() -> None:
    """A network of the graph without item 109's edges hears them later; the nodes before it move by a row."""
    view = clicks_view()
    net = network()
    before = net.vectors().detach().clone()
    net.grow({"user": 1, "item": 1})
    adjacency = view.renumbered(
        {"user": np.arange(60), "item": np.arange(50)}, {"user": 61, "item": 51}
    ).adjacency()
    kept = [*range(60), *range(61, 111)]
    torch.testing.assert_close(net.vectors()[kept], before, atol=1e-6, rtol=0)
    fresh = find_neighbourhoods(adjacency, WALKS)
    net.hear(adjacency, np.array([61]))
    assert net.nodes[61].tolist() == fresh.nodes[61].tolist()
    assert net.nodes[60].tolist() == [-1] * 4


def test_neighbours_that_are_no_rows_are_refused() -> None:
    net = network()
    state = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    state["nodes"][0, 0] = 110
    with pytest.raises(SnapshotError, match="no rows of 110 nodes"):
        net.load_state_dict(state)
