"""The autoencoder of sparse rows against dense layers written out, and its errors column by column."""

import numpy as np
import pytest
import torch

from embedding_features.arrays import I64
from embedding_features.errors import TrainingError
from embedding_features.graph import CSR
from embedding_features.solvers.proximity.autoencoder import Autoencoder, Descent, codes_of, descend, rows_of
from tests.unit.solvers.proximity.graphs import dense, random_graph


def some_model(columns: int, seed: int = 0) -> Autoencoder:
    """An autoencoder with biases that are not zero."""
    model = Autoencoder(columns, 7, 4, torch.tanh, torch.Generator().manual_seed(seed))
    for number, bias in enumerate(model.biases):
        bias.data = torch.linspace(-0.5, 0.5, len(bias)) * (number + 1)
    return model


def written_out(model: Autoencoder, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes and decoded rows by dense layers."""
    w, b = list(model.weights), list(model.biases)
    codes = torch.tanh(rows @ w[0] + b[0]) @ w[1].T + b[1]
    return codes, torch.tanh(codes @ w[2].T + b[2]) @ w[3].T + b[3]


@pytest.mark.parametrize("weighted", [True, False])
def test_codes_are_those_of_dense_layers(weighted: bool) -> None:
    graph = random_graph(40, seed=0)
    graph = graph if weighted else CSR(graph.indptr, graph.indices, graph.columns)
    model = some_model(40)
    wanted, _ = written_out(model, torch.from_numpy(dense(graph).astype(np.float32)))
    np.testing.assert_allclose(codes_of(model, graph), wanted.detach(), atol=1e-5)


@pytest.mark.parametrize("emphasis", [1.0, 5.0])
def test_errors_over_all_columns_and_their_slopes_are_those_of_dense_rows(emphasis: float) -> None:
    graph, model, other = random_graph(40, seed=1), some_model(40), some_model(40)
    rows = np.array([3, 39, 0, 17])  # 39 has no entry
    x = torch.from_numpy(dense(graph)[rows].astype(np.float32))
    batch = rows_of(graph, rows)
    found = model.squared_errors(model.encode(batch), batch, torch.arange(40), emphasis)
    _, decoded = written_out(other, x)
    weight = torch.where(x > 0, emphasis, 1.0)
    wanted = ((decoded - x) * weight).square().sum()
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
    for loss in (found, wanted):
        loss.backward()  # type: ignore[no-untyped-call]
    for ours, theirs in zip(model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-3)


def test_errors_in_sampled_columns_are_right_on_average() -> None:
    """Each column alone, one after the other: the mean of the estimates is the sum over all columns."""
    graph, model = random_graph(20, seed=2), some_model(20)
    batch = rows_of(graph, np.arange(6))
    codes = model.encode(batch)
    each = [model.squared_errors(codes, batch, torch.tensor([column]), 2.0).item() for column in range(20)]
    twice = model.squared_errors(codes, batch, torch.arange(20).repeat(2), 2.0).item()
    all_of_them = model.squared_errors(codes, batch, torch.arange(20), 2.0).item()
    assert np.mean(each) == pytest.approx(all_of_them, rel=1e-4)
    assert twice == pytest.approx(all_of_them, rel=1e-4)
    assert np.std(each) > 0.01 * all_of_them


def test_rows_are_taken_in_the_order_given() -> None:
    graph = random_graph(30, seed=3)
    rows = np.array([5, 29, 2, 5])
    np.testing.assert_array_equal(dense(rows_of(graph, rows)), dense(graph)[rows])


def test_an_epoch_takes_each_row_once_and_regularizes_weights_alone() -> None:
    model, taken = some_model(20), []
    weights = [weight.detach().clone() for weight in model.weights]
    biases = [bias.detach().clone() for bias in model.biases]

    def loss(rows: I64) -> torch.Tensor:
        taken.append(rows)
        return sum((0 * p.sum() for p in model.parameters()), torch.tensor(0.0))

    settings = Descent(epochs=2, batch_size=4, learning_rate=0.01, regularization=0.5)
    descend(model, loss, 10, settings, np.random.default_rng(0), lambda *_: None)
    assert [len(rows) for rows in taken] == [4, 4, 2] * 2
    assert sorted(np.concatenate(taken[:3]).tolist()) == list(range(10))
    assert np.concatenate(taken[:3]).tolist() != np.concatenate(taken[3:]).tolist()
    for before, after in zip(weights, model.weights, strict=True):
        assert (after.detach().abs() < before.abs()).float().mean() > 0.9
    for before, after in zip(biases, model.biases, strict=True):
        torch.testing.assert_close(after.detach(), before)


def test_a_loss_that_is_no_number_is_told() -> None:
    model = some_model(5)
    settings = Descent(epochs=1, batch_size=4, learning_rate=0.01, regularization=0)
    with pytest.raises(TrainingError, match=r"lower learning_rate 0\.01"):
        descend(
            model,
            lambda _: model.weights[0].sum() * torch.nan,
            5,
            settings,
            np.random.default_rng(0),
            lambda *_: None,
        )
