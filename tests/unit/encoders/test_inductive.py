"""Inductive networks against dense formulas, node by node."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch import Tensor

from embedding_features.encoders import DGI, GAT, GCN, RGCN, SIGN, GraphSAGE, InductiveNetwork
from embedding_features.encoders.weight_decay import decayed
from embedding_features.errors import ConfigError
from embedding_features.graph import Graph
from embedding_features.graph.view import GraphView, View
from embedding_features.sampling import Examples

PAPERS, DIM = 14, 6


def view_of(seed: int, *, labels: bool = False) -> GraphView:
    """Papers with two numbers, who cite each other; some are about one of three fields."""
    rng = np.random.default_rng(seed)
    src, dst = rng.integers(0, PAPERS, (2, 25))
    edges = {
        ("paper", "cites", "paper"): (np.append(src, range(PAPERS - 1)), np.append(dst, range(1, PAPERS)))
    }
    if labels:
        edges["paper", "is_about", "field"] = (np.arange(6), np.arange(6) % 3)
    graph = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges)
    graph.features["paper"] = pa.table({name: rng.normal(size=PAPERS) for name in ("x", "y")})  # type: ignore[index]
    return View(weights="one", nodes="all").build(graph)


def cited(view: GraphView) -> Tensor:
    """[papers, papers] 1 where one cites another."""
    edges = view.relation("cites").forward
    a = torch.zeros(PAPERS, PAPERS)
    a[edges.sources().astype(np.int64), edges.indices.astype(np.int64)] = 1
    return a


def undirected(view: GraphView) -> Tensor:
    return cited(view) + cited(view).T


def normalized(view: GraphView) -> Tensor:
    a = undirected(view) + torch.eye(PAPERS)
    d = a.sum(1).pow(-0.5)
    return d[:, None] * a * d


def features(network: InductiveNetwork) -> Tensor:
    return network.inputs.times(torch.eye(network.inputs.width))


def built(settings: GCN | GAT | GraphSAGE | SIGN | RGCN | DGI, view: GraphView) -> InductiveNetwork:
    return settings.build(view, torch.Generator().manual_seed(1))


def close(one: Tensor, other: Tensor) -> None:
    torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_gcn_is_the_papers_formula(layers: int) -> None:
    view = view_of(0)
    network = built(GCN(dim=DIM, layers=layers), view)
    a, h = normalized(view), features(network) @ network.first.weight
    h = a @ h
    for weight in network.later:
        h = a @ (h.relu() @ weight)
    assert len(network.later) == layers - 1
    close(network.vectors(), h)


def test_with_labels_their_vectors_are_the_last_weights_and_no_messages_reach_them() -> None:
    view = view_of(1, labels=True)
    network = built(GCN(dim=DIM, labels="is_about"), view)
    a, x = normalized(view), features(network)[:PAPERS]
    papers = a @ (a @ (x @ network.first.weight)).relu()
    close(network.vectors()[:PAPERS], papers)
    close(network.vectors()[PAPERS:], network.table)
    assert network.learned_types == ("field",)
    assert len(network.table) == 3


def test_gat_attends_node_by_node() -> None:
    view = view_of(2)
    network = built(GAT(dim=DIM, heads=3, layers=2), view)
    joined = (undirected(view) + torch.eye(PAPERS)) > 0
    h = features(network) @ network.first.weight
    for layer, attention in enumerate(network.attention):
        heads = 1 if layer == 1 else 3
        h = h @ network.later[0] if layer == 1 else h
        out = []
        for head in range(heads):
            part = slice(head * DIM // heads, (head + 1) * DIM // heads)
            own, other = h[:, part] @ attention[0, part], h[:, part] @ attention[1, part]
            e = torch.nn.functional.leaky_relu(own[:, None] + other[None, :], 0.2)
            alpha = e.masked_fill(~joined, float("-inf")).softmax(1)
            out.append(alpha @ h[:, part])
        h = torch.cat(out, 1)
        h = torch.nn.functional.elu(h) if layer == 0 else h
    close(network.vectors(), h)


@pytest.mark.parametrize("aggregator", ["mean", "pool"])
def test_sage_joins_a_node_with_its_neighbours(aggregator: str) -> None:
    view = view_of(3)
    network = built(GraphSAGE(dim=DIM, aggregator=aggregator), view)
    a, x = undirected(view), features(network)
    h = x @ network.first.weight
    for layer in range(2):
        both = h if layer == 0 else h.relu() @ network.later[0]
        own, sent = both[:, :DIM], both[:, DIM:]
        rows = []
        for node in range(PAPERS):
            near = a[node].nonzero().flatten()
            if aggregator == "mean":
                rows.append((sent * a[node][:, None]).sum(0) / a[node].sum())
            else:
                heard = (sent + network.pool_bias[layer]).relu()[near].amax(0)
                rows.append(heard @ network.pool[layer])
        h = own + torch.stack(rows)
    close(network.vectors(), torch.nn.functional.normalize(h, dim=1))


@pytest.mark.parametrize("hops", [0, 2, 7])
def test_sign_reads_powers_of_the_adjacency(hops: int) -> None:
    view = view_of(4)
    network = built(SIGN(dim=DIM, hops=hops), view)
    a, parts = normalized(view), network.first.weight.tensor_split(hops + 1, dim=1)
    read = [torch.linalg.matrix_power(a, k) @ features(network) @ part for k, part in enumerate(parts)]
    z = torch.nn.functional.prelu(torch.cat(read, 1), network.slope)
    close(network.vectors(), z @ network.omega)


def test_r_gcn_has_weights_of_each_direction() -> None:
    view = view_of(5)
    network = built(RGCN(dim=DIM, bases=3), view)
    a = cited(view)
    h = features(network)
    for layer, weight in enumerate((network.first.weight, network.later[0])):
        own, *bases = weight.split(DIM, dim=1)
        h = h.relu() if layer else h
        out = h @ own
        for number, heard in enumerate((a.T, a)):  # of who is cited, and of who cites
            w = sum(share * basis for share, basis in zip(network.shares[layer][number], bases, strict=True))
            out = out + heard / heard.sum(1, keepdim=True).clamp(min=1) @ h @ w
        h = out
    close(network.vectors(), h)


def test_dgi_shows_nodes_of_shuffled_features_beside() -> None:
    view = view_of(6)
    network = built(DGI(dim=DIM), view)
    h = torch.nn.functional.prelu(
        normalized(view) @ (features(network) @ network.first.weight) + network.bias, network.slope
    )
    close(network.vectors(), h)
    rows = torch.arange(PAPERS)
    torch.manual_seed(0)
    encoded, _ = network.encode(Examples(rows, rows, rows[:0]))
    assert encoded.views is not None
    true, corrupted = encoded.views
    close(true.src, h)
    close(true.dst, (network.discriminator @ h.mean(0).sigmoid()).expand(PAPERS, DIM))
    torch.manual_seed(0)
    order = torch.randperm(PAPERS)
    assert (order != rows).any()
    start = features(network)[order] @ network.first.weight
    close(
        corrupted.src,
        torch.nn.functional.prelu(normalized(view) @ start + network.bias, network.slope),
    )


@pytest.mark.parametrize("settings", [GCN(dim=DIM, dropout=0.5), GAT(dim=DIM, dropout=0.5)])
def test_inputs_are_left_out_in_training_alone(settings: GCN | GAT) -> None:
    network = built(settings, view_of(7))
    rows = torch.arange(PAPERS)
    examples = Examples(rows, rows, rows)
    one, other = (network.encode(examples)[0].src for _ in range(2))
    assert (one - other).abs().max() > 1e-3
    assert torch.equal(network.vectors(), network.vectors())


def test_the_gradient_of_decayed_weights_is_theirs_and_the_penaltys() -> None:
    weight = torch.randn(3, 2, requires_grad=True)
    x = torch.randn(4, 3)
    (ours,) = torch.autograd.grad((x @ decayed(weight, 0.3)).square().sum(), weight)
    loss = (x @ weight).square().sum() + 0.3 / 2 * weight.square().sum()
    (whole,) = torch.autograd.grad(loss, weight)
    torch.testing.assert_close(ours, whole)


def test_labels_alone_are_refused() -> None:
    graph = Graph.from_arrays(
        datetime(2026, 1, 1, tzinfo=UTC), {("a", "is_about", "b"): (np.array([0]), np.array([0]))}
    )
    with pytest.raises(ConfigError, match="only relation"):
        built(GCN(dim=2, labels="is_about"), View(nodes="all").build(graph))
