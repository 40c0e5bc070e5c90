"""How much of its codebooks a snapshot uses."""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import F64, I64
from embedding_features.artifact import CodebookRecord, Snapshot
from embedding_features.space.column_batches import column_batches, matrix

#: the setting of a codebook that says how many codes a position can have
_SIZES = ("k", "codes", "bins")


@dataclass(frozen=True)
class CodebookUse:
    """Counts how a snapshot uses the codes of one codebook.

    Attributes:
        record: the codebook, as the manifest has it.
        codes: how many a position can have at most.
        used: [positions] how many of them occur.
        effective: [positions] exp of the entropy of how often each occurs: as many codes used equally would
            tell as much.
    """

    record: CodebookRecord
    codes: int
    used: I64
    effective: F64


def codebook_use(snapshot: Snapshot) -> list[CodebookUse]:
    """Return the use of each codebook whose size its settings tell; of clusters a node's first counts."""
    sized = [(record, _size(record)) for record in snapshot.manifest.codebooks]
    return [_use(snapshot, record, codes) for record, codes in sized if codes]


def _size(record: CodebookRecord) -> int:
    return next((int(record.spec[name]) for name in _SIZES if name in record.spec), 0)


def _use(snapshot: Snapshot, record: CodebookRecord, codes: int) -> CodebookUse:
    counts: list[I64] = []
    for _, lists in column_batches(snapshot, record.node_type, record.kind, record.column):
        values = matrix(lists)[:, : 1 if record.kind == "clusters" else None]
        found = [np.bincount(position, minlength=codes) for position in values.T]
        counts = [a + b for a, b in zip(counts, found, strict=True)] if counts else found
    table = np.array(counts, np.float64)
    share = table / table.sum(axis=1, keepdims=True)
    entropy = -(share * np.log(share, out=np.zeros_like(share), where=share > 0)).sum(axis=1)
    return CodebookUse(record, codes, (table > 0).sum(axis=1), np.exp(entropy))
