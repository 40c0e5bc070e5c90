"""The same ids in two snapshots, and the columns of both at their rows."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from embedding_features.arrays import I64
from embedding_features.artifact import Kind, Snapshot
from embedding_features.errors import CompatibilityError
from embedding_features.graph.vocabulary import Vocabulary
from embedding_features.space.column_batches import all_ids, values_at


@dataclass(frozen=True)
class SharedRows:
    """The same ids of one node type in two snapshots, by their rows.

    Attributes:
        now: the later snapshot.
        then: the earlier snapshot.
        node_type: whose ids they are.
        rows_now: [n] rows in the later one.
        rows_then: [n] rows of the same ids in the earlier one.
    """

    now: Snapshot
    then: Snapshot
    node_type: str
    rows_now: I64
    rows_then: I64

    @classmethod
    def of(cls, now: Snapshot, then: Snapshot, node_type: str) -> "SharedRows":
        """Return all ids that both snapshots have, in the order of the later one.

        Raises:
            CompatibilityError: when their ids are of different types.
        """
        ids, earlier = (all_ids(snapshot, node_type) for snapshot in (now, then))
        if ids.type != earlier.type:
            raise CompatibilityError(
                f"{node_type} ids are {ids.type}, in {then.manifest.run_id} they are {earlier.type}",
                fix="compare snapshots of one vocabulary",
            )
        rows_then = Vocabulary(earlier).encode(ids)
        rows_now = np.flatnonzero(rows_then >= 0)
        return cls(now, then, node_type, rows_now, rows_then[rows_now])

    def __len__(self) -> int:
        return len(self.rows_now)

    def sample(self, size: int, seed: int) -> "SharedRows":
        """Return ``size`` of them by chance, in their order; all of them where there are no more."""
        chosen = sample_rows(len(self), size, seed)
        return replace(self, rows_now=self.rows_now[chosen], rows_then=self.rows_then[chosen])

    def has(self, kind: Kind) -> bool:
        """Return whether there are shared ids, and both snapshots have a table of that kind."""
        both = all((self.node_type, kind) in snapshot.tables for snapshot in (self.now, self.then))
        return both and len(self) > 0

    def read(self, kind: Kind, column: str) -> tuple[pa.Array, pa.Array]:
        """Return a column at the shared rows, of the later and of the earlier snapshot."""
        return (
            values_at(self.now, self.node_type, kind, column, self.rows_now),
            values_at(self.then, self.node_type, kind, column, self.rows_then),
        )


def sample_rows(count: int, size: int, seed: int) -> I64:
    """Return ``size`` of ``count`` rows by chance, ascending; all of them where there are no more."""
    if count <= size:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, size, replace=False))
