"""An index of a table's rows by their vectors: which row of one table holds the same vector as another's."""

import torch
from torch import Tensor, nn


def row_keys(table: Tensor) -> Tensor:
    """Return the [R] int64 keys of a table's vectors.

    A key is Σ_j c_j bits_j mod 2^64 over the vector's bits, with odd c_j drawn from a fixed seed.
    Vectors that are equal number by number have one key; two others have the same with chance below 2^-32
    (multilinear hashing: Lemire & Kaser, Strongly Universal String Hashing is Fast, 2014).
    """
    bits = table.contiguous().view(torch.int32).long()
    drawn = torch.randint(
        -(2**62), 2**62, (table.shape[1],), generator=torch.Generator().manual_seed(table.shape[1])
    )
    return (bits * (2 * drawn + 1)).sum(1)


class RowIndex(nn.Module):
    """Finds the rows of an indexed table by their vectors.

    What was found for the last few tables is kept.

    Args:
        table: [R, dim] the table to index.
    """

    keys: Tensor
    order: Tensor

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        keys, order = row_keys(table).sort(stable=True)
        self.register_buffer("keys", keys)
        self.register_buffer("order", order)
        #: address and rows of a table → the table, so that its memory is not reused, and what was found
        self._found: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}

    def forward(self, table: Tensor) -> Tensor:
        """Return, for each row of ``table``, the indexed row with the same vector; 0 where there is none."""
        memory = table.data_ptr(), len(table)
        known = self._found.get(memory)
        if known is None:
            if len(self._found) > 3:  # a candidate's table and a history's, of training and validation
                self._found.clear()
            known = self._found[memory] = table, self._match(table)
        return known[1]

    def _match(self, table: Tensor) -> Tensor:
        wanted = row_keys(table)
        position = torch.searchsorted(self.keys, wanted).clamp(max=len(self.keys) - 1)
        rows = torch.where(self.keys[position] == wanted, self.order[position], 0)
        rows[0] = 0
        return rows
