"""The fast path: point-in-time joins of published snapshots, gathered straight from mapped files.

A snapshot is one moment with one row an id. So which snapshots a row could see is a binary search over few
moments, and where an id lies in them is one hash lookup of each distinct id a snapshot.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import I64
from embedding_features.artifact.tables import TIMES
from embedding_features.store.offline.columns import ResultColumns, is_packable
from embedding_features.store.offline.decoded import Decoded, open_decoded
from embedding_features.store.offline.frame import EntityFrame
from embedding_features.store.offline.joins import Join
from embedding_features.store.offline.keys import cast_keys

#: rows of the frame that are gathered together, so that the result is written from its start to its end
_BLOCK = 1 << 17


@dataclass(frozen=True)
class _Matches:
    """Says per row of the frame which snapshot it sees, or -1, and which row therein."""

    snapshot: I64
    place: I64


def join_by_map(join: Join, files: Sequence[str], frame: EntityFrame) -> list[pa.Array] | None:
    """Return what :func:`.asof.join_by_asof` does; None when source or request is not of the simple kind.

    Raises:
        OSError: when a snapshot cannot be decoded for want of space or rights.
    """
    if join.renamed or join.event != TIMES[0] or join.created not in (None, TIMES[1]) or len(join.keys) != 1:
        return None
    decoded = open_decoded(files)
    if decoded is None or not _alike(decoded, join):
        return None
    if join.guarded and any(d.created is None for d in decoded):
        return None
    seen = np.array([_visible(d, join.guarded) for d in decoded], np.int64)
    if (np.diff(seen) < 0).any():
        return None  # published in another order than that of their moments
    ids = decoded[0].table.schema.field(0).type
    name = join.keys[0][1]
    keys = _typed_keys(cast_keys(frame.key(name, join.view), ids, name, join.view), ids)
    if keys is None:
        return None
    return _gather(join, decoded, _match(join, decoded, seen, keys, frame), len(frame.table))


def _visible(decoded: Decoded, guarded: bool) -> int:
    """Return the moment from which a snapshot is seen."""
    return max(decoded.as_of, decoded.created or 0) if guarded else decoded.as_of


def _alike(decoded: Sequence[Decoded], join: Join) -> bool:
    """Return whether all have the key first, and the features with the same types and without null."""
    names, schema = [ours for ours, _ in join.features], decoded[0].table.schema
    return all(
        d.table.column_names[0] == join.keys[0][0]
        and all(n in d.table.column_names and d.table.schema.field(n) == schema.field(n) for n in names)
        and d.table.schema.field(0).type == schema.field(0).type
        for d in decoded
    )


def _typed_keys(keys: pa.Array, ids: pa.DataType) -> pa.Array | None:
    """Return the keys in the type of the ids; None when that is not certain to change nothing."""
    if keys.type == ids or (pa.types.is_signed_integer(keys.type) and ids == pa.int64()):
        return keys.cast(ids)
    return None


def _match(join: Join, decoded: Sequence[Decoded], seen: I64, keys: pa.Array, frame: EntityFrame) -> _Matches:
    """Return which snapshot each row of the frame sees: the newest before it that has its id."""
    encoded = keys.dictionary_encode()
    code = np.asarray(pc.fill_null(encoded.indices, -1).to_numpy(), np.int64)
    moments: I64 = pc.fill_null(frame.moments, -(2**63)).to_numpy()
    newest = np.searchsorted(seen, moments, side="right") - 1
    newest[code < 0] = -1
    held = np.full(len(encoded.dictionary), -1)  # the newest snapshot so far that has an id
    place = np.zeros(len(encoded.dictionary), np.int64)
    matches = _Matches(np.full(len(code), -1), np.zeros(len(code), np.int64))
    ids, found = None, np.empty(0, np.int64)
    for (number, rows), snapshot in zip(_groups(newest, len(decoded)), decoded, strict=True):
        if ids is None or not snapshot.table.column(0).equals(ids):
            ids = snapshot.table.column(0)
            found = pc.fill_null(pc.index_in(encoded.dictionary, ids), -1).to_numpy().astype(np.int64)
        held[found >= 0], place[found >= 0] = number, found[found >= 0]
        matches.snapshot[rows], matches.place[rows] = held[code[rows]], place[code[rows]]
    if join.ttl is not None:
        as_of = np.array([d.as_of for d in decoded], np.int64)[matches.snapshot]
        matches.snapshot[moments - as_of > join.ttl] = -1
    return matches


def _gather(join: Join, decoded: Sequence[Decoded], matches: _Matches, rows: int) -> list[pa.Array]:
    names = [ours for ours, _ in join.features]
    types = {n: decoded[0].table.schema.field(n).type for n in names}
    columns = ResultColumns(rows, names, {n: t for n, t in types.items() if is_packable(t)})
    values = [{n: d.table.column(n).chunk(0) for n in names} for d in decoded]
    for start in range(0, rows, _BLOCK):
        block = slice(start, start + _BLOCK)
        for number, at in _groups(matches.snapshot[block], len(decoded)):
            if len(at):
                columns.add(start + at, values[number], matches.place[block][at])
    return columns.finish(types)


def _groups(numbers: I64, count: int) -> Iterator[tuple[int, I64]]:
    """Return for each number below ``count`` the places at which it stands, ascending."""
    small = numbers.astype(np.min_scalar_type(-count - 1))  # of few bits, numpy sorts by radix
    order = np.argsort(small, kind="stable")
    borders = np.searchsorted(small[order], np.arange(count + 1, dtype=np.int64))
    return ((n, order[borders[n] : borders[n + 1]]) for n in range(count))
