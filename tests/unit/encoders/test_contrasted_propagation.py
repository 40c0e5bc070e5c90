"""Propagation that is contrasted: against dense formulas, with noise and without some edges."""

import pytest
import torch
from torch import Tensor

from embedding_features.encoders import ContrastedPropagation, ContrastedPropagationNetwork
from embedding_features.encoders.uniform_noise import add_noise, add_noise_by_torch
from embedding_features.sampling import Examples
from tests.unit.encoders.test_encoders import dense, view_of

EXAMPLES = Examples(torch.tensor([3, 0, 3]), torch.tensor([20, 13, 15]), torch.tensor([[12], [23], [20]]))


def built(seed: int = 0, **settings: object) -> ContrastedPropagationNetwork:
    encoder = ContrastedPropagation.model_validate({"dim": 5} | settings)
    return encoder.build(view_of(seed), torch.Generator().manual_seed(1))


def dense_layers(
    adjacency: Tensor, table: Tensor, layers: int, noise: float, keys: list[int]
) -> list[Tensor]:
    """Layer by layer, with the noise of each key."""
    vectors = [table]
    for layer in range(layers):
        clean = adjacency @ vectors[-1]
        moved = clean.detach().clone()
        add_noise(moved, torch.arange(len(table)), noise, keys[layer])
        vectors.append(clean + (moved - clean).detach())
    return vectors


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("first", [0, 1])
def test_vectors_and_what_neighbours_give_are_those_of_the_dense_formula(layers: int, first: int) -> None:
    network = built(layers=layers, first_layer=first)
    adjacency, e = dense(view_of(0)), network.table
    powers = [torch.linalg.matrix_power(adjacency, k) @ e for k in range(layers + 1)]
    expected = sum(powers[first:], torch.zeros(())) / (layers + 1 - first)
    torch.testing.assert_close(network.vectors(), expected, atol=1e-6, rtol=1e-5)
    weights = torch.randn(24, 5, generator=torch.Generator().manual_seed(2))
    found, exact = (
        torch.autograd.grad((v.square() * weights).sum(), e) for v in (network.vectors(), expected)
    )
    torch.testing.assert_close(found, exact, atol=1e-6, rtol=1e-4)
    of_new_node = expected - (e / (layers + 1) if first == 0 else 0.0)
    torch.testing.assert_close(adjacency @ network.messages().vectors, of_new_node, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("contrasted", [None, 0, 1])
def test_encodings_and_their_gradient_are_those_of_noisy_layers(layers: int, contrasted: int | None) -> None:
    network = built(layers=layers, noise=0.3, contrasted_layer=contrasted)
    adjacency, e = dense(view_of(0)), network.table
    torch.manual_seed(5)
    encoded, ego = network.encode(EXAMPLES)
    torch.manual_seed(5)
    passes = [torch.randint(2**62, (layers,)).tolist() for _ in range(2)]
    noisy = [dense_layers(adjacency, e, layers, 0.3, keys) for keys in passes]
    one, other = (torch.stack(n[1:]).mean(0) for n in noisy)
    expected = [network.vectors(), one, other] if contrasted is None else [one, one, noisy[0][contrasted]]
    assert encoded.views is not None
    rng = torch.Generator().manual_seed(3)
    found, exact = torch.zeros(()), torch.zeros(())
    for view, vectors in zip((encoded, *encoded.views), expected, strict=True):
        for role in ("src", "dst", "negatives"):
            ours, rows = getattr(view, role), getattr(EXAMPLES, role)
            torch.testing.assert_close(ours, vectors[rows], atol=1e-6, rtol=1e-5)
            weights = torch.randn(ours.shape, generator=rng)
            found, exact = found + (ours**2 * weights).sum(), exact + (vectors[rows] ** 2 * weights).sum()
    gradients = (torch.autograd.grad(loss, e, retain_graph=True)[0] for loss in (found, exact))
    torch.testing.assert_close(*gradients, atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(ego.src, e[EXAMPLES.src])


def test_outside_of_training_nothing_is_drawn() -> None:
    network = built(noise=0.3, contrasted_layer=1)
    before = torch.get_rng_state()
    first = network.vectors()
    network.messages()
    torch.testing.assert_close(network.traced(*network.edges()), first, atol=1e-6, rtol=1e-5)
    assert torch.equal(network.vectors(), first)
    assert torch.equal(torch.get_rng_state(), before)
    network.encode(EXAMPLES)
    assert not torch.equal(torch.get_rng_state(), before)


def test_two_graphs_of_an_epoch_leave_edges_out() -> None:
    network = built(noise=0.0, dropped=0.3, first_layer=0, layers=2)
    torch.manual_seed(4)
    network.start_epoch()
    encoded, _ = network.encode(EXAMPLES)
    torch.manual_seed(4)
    view, e = view_of(0), network.table
    edges = view.matrix().forward.edges
    graphs = [dense(view.without((torch.rand(edges) < 0.3).numpy())) for _ in range(2)]
    assert encoded.views is not None
    for one, adjacency in zip((encoded, *encoded.views), (dense(view), *graphs), strict=True):
        expected = (e + adjacency @ e + adjacency @ adjacency @ e) / 3
        torch.testing.assert_close(one.src, expected[EXAMPLES.src], atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(one.dst, expected[EXAMPLES.dst], atol=1e-6, rtol=1e-5)
    again, _ = network.encode(EXAMPLES)
    assert again.views is not None
    torch.testing.assert_close(again.views[0].src, encoded.views[0].src)
    network.start_epoch()
    later, _ = network.encode(EXAMPLES)
    assert later.views is not None
    assert not torch.equal(later.views[0].src, again.views[0].src)
    network.observe(view)
    whole, _ = network.encode(EXAMPLES)
    assert whole.views is not None
    assert torch.equal(whole.views[0].src, whole.src)


def test_about_the_share_of_edges_is_left_out() -> None:
    network = ContrastedPropagation(dim=1, dropped=0.3).build(view_of(1, edges=4000), torch.Generator())
    network.start_epoch()
    whole = len(network.adjacency.indices)
    for graph in network._graphs:
        assert len(graph.indices) / whole == pytest.approx(0.7, abs=0.1)


def directions(add: object, n: int = 20_000) -> tuple[Tensor, Tensor]:
    """Vectors, and what was added to them."""
    vectors = torch.randn(n, 6, generator=torch.Generator().manual_seed(0))
    moved = vectors.clone()
    add(moved)  # type: ignore[operator]
    return vectors, moved - vectors


@pytest.mark.parametrize("by_torch", [False, True])
def test_noise_has_its_length_and_keeps_signs_and_is_even(by_torch: bool) -> None:
    """Components of ω / |ω| are .3576 in the mean, by 10⁶ draws of numpy's generator."""

    def add(vectors: Tensor) -> None:
        if by_torch:
            add_noise_by_torch(vectors, 0.25)
        else:
            add_noise(vectors, torch.arange(len(vectors)), 0.25, 3)

    vectors, noise = directions(add)
    torch.testing.assert_close(noise.norm(dim=1), torch.full((len(noise),), 0.25), atol=1e-5, rtol=0)
    assert bool((noise * vectors >= 0).all())
    sizes = noise.abs() / 0.25
    torch.testing.assert_close(sizes.mean(0), torch.full((6,), 0.3576), atol=0.006, rtol=0)
    correlations = torch.corrcoef(sizes.T).fill_diagonal_(-0.1)
    assert correlations.max() < 0.0  # a length is shared out


def test_noise_is_of_its_key_and_node() -> None:
    nodes = torch.arange(30)
    whole, other, some = torch.ones(30, 4), torch.ones(30, 4), torch.ones(2, 4)
    add_noise(whole, nodes, 0.1, 7)
    add_noise(other, nodes, 0.1, 8)
    add_noise(some, torch.tensor([20, 3]), 0.1, 7)
    assert torch.equal(some, whole[[20, 3]])
    assert (whole - other).abs().amin(1).gt(0).all()
    assert len(torch.unique(whole)) == 120
    nothing = torch.zeros(2, 4)
    add_noise(nothing, nodes[:2], 0.1, 7)
    assert not nothing.any()


def test_a_layer_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="contrasted_layer: 3 is above the last of 2 layers"):
        ContrastedPropagation(layers=2, contrasted_layer=3)
