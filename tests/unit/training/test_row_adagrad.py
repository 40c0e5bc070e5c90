"""Adagrad of some rows against torch's of the whole table."""

import copy

import torch
from torch import nn

from embedding_features.encoders.distinct_rows import distinct_rows
from embedding_features.training.row_adagrad import RowAdagrad


def test_a_table_ends_as_by_the_dense_optimizer() -> None:
    """Steps of some rows each, rows seen again, a dense parameter beside, and a state that is taken over."""
    generator = torch.Generator().manual_seed(0)
    start = [torch.randn(20, 6, generator=generator), torch.randn(6, generator=generator)]
    ours, theirs = ([nn.Parameter(tensor.clone()) for tensor in start] for _ in range(2))
    sparse, dense = RowAdagrad(ours, lr=0.3), torch.optim.Adagrad(theirs, lr=0.3)
    for number in range(6):
        rows = torch.randperm(20, generator=generator)[:7].sort().values
        weight = torch.randn(7, 6, generator=generator)
        for optimizer, (table, vector), gather in (
            (sparse, ours, distinct_rows),
            (dense, theirs, lambda table, rows: table[rows]),
        ):
            optimizer.zero_grad()
            (gather(table, rows) * weight * vector).square().sum().backward()
            optimizer.step()
        assert ours[0].grad is not None
        assert ours[0].grad.is_sparse
        if number == 2:  # as a checkpoint does
            saved = copy.deepcopy(sparse.state_dict())
            sparse = RowAdagrad(ours, lr=0.3)
            sparse.load_state_dict(saved)
    torch.testing.assert_close(ours, theirs)


def test_gradients_of_two_gathers_add_up() -> None:
    table = nn.Parameter(torch.ones(3, 2))
    optimizer = RowAdagrad([table], lr=1.0)
    first, second = (distinct_rows(table, torch.tensor(rows)) for rows in ([0, 1], [1, 2]))
    (3 * first.sum() - second.sum()).backward()
    optimizer.step()
    assert table.tolist() == [[0, 0], [0, 0], [2, 2]]
    assert optimizer.state[table]["sum"].tolist() == [[9, 9], [4, 4], [1, 1]]


def test_a_closure_is_taken_with_gradients() -> None:
    table = nn.Parameter(torch.tensor([[2.0]]))
    optimizer = RowAdagrad([table], lr=0.5)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = table.square().sum()
        value.backward()
        return value

    assert optimizer.step(loss).item() == 4
    assert table.item() == 1.5
