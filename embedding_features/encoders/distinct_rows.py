"""Rows of a table whose gradient holds these rows alone."""

from typing import Any, cast

import torch
from torch import Tensor


def distinct_rows(table: Tensor, rows: Tensor) -> Tensor:
    """Return the [n, dim] rows of a table [m, dim]; its gradient is sparse and holds those rows alone.

    Rows must be distinct and ascending, as :func:`torch.unique` returns them: that is not checked.

    Args:
        table: float32.
        rows: [n] int64.
    """
    return cast(Tensor, _DistinctRows.apply(table, rows))  # type: ignore[no-untyped-call]


class _DistinctRows(torch.autograd.Function):
    # torch's own sparse gradient would be sorted and added up before each step, though no row is there twice.

    @staticmethod
    def forward(ctx: Any, table: Tensor, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        ctx.size = table.shape
        return table.index_select(0, rows)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (rows,) = ctx.saved_tensors
        return (
            torch.sparse_coo_tensor(
                rows[None], gradients[0], ctx.size, is_coalesced=True, check_invariants=False
            ),
            None,
        )
