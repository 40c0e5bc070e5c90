"""The exact leak check: what a row's columns say must not change when what comes after the row does."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import Bool
from embedding_features.arrow import flat_array, mask
from embedding_features.errors import DataError, LeakError
from ranking.inputs.arrow import Lists, is_list
from ranking.log_features.log import as_micros

#: raw columns of labels: a row each, in their order; of equal labels always the same
Build = Callable[[pa.Table], pa.Table]

#: rows compared at once, which bounds the memory of lists of vectors
_ROWS = 8_192


def check_replay(
    build: Build, labels: pa.Table, *, moments: Sequence[datetime] = (), samples: int = 3, seed: int = 0
) -> None:
    """Check that columns made from the log as it once was are those of the whole log.

    For some rows r, spread over the log, the log is cut after r and the labels of r's moment are changed. The
    columns of all rows up to r must stay what they were, to the last bit, for they may depend on strictly
    earlier rows only. Further rows r are labels of the very moment of a snapshot, where there are any: only
    there can a column be made of a snapshot that has the label's own moment. ``build`` runs once and once for
    each r, and once more to tell the kinds of a leak apart.

    What ``build`` does not make from ``labels`` stays unseen: side tables and features of other views
    (:func:`.check_columns` looks at those). Later rows are removed from all rows before r,
    but a row's own label is changed for those of r's moment only: a column that tells a few rows their own
    label may pass.

    Args:
        build: makes the raw columns.
        labels: as :func:`.load_labels` returns them; they are the log as well.
        moments: ``as_of`` of the snapshots that columns are made of.
        samples: how many rows r, and how many more at most of moments of snapshots.
        seed: draws the rows r.

    Raises:
        LeakError: naming every column that changes, and of each why, a row and both values.
        DataError: when ``build`` returns other than a row a label, or other columns of a part of the log.
    """
    whole = _built(build, labels)
    sampled = _stops(len(labels), samples, seed)
    for stop in sorted({*sampled, *_stops_at_snapshots(labels, moments, samples)}):
        before, cut = whole.slice(0, stop), labels.slice(0, stop)
        relabelled = _built(build, _with_other_labels(cut))
        if next(_changes(before, relabelled), None) is None:
            continue
        shorter = _built(build, cut)
        later = _report_lines(cut, before, shorter, "when rows after it are removed")
        own = _report_lines(
            cut, shorter, relabelled, "when its own label, or another of its moment, is changed"
        )
        raise LeakError(
            "columns tell what was not known yet:\n" + "\n".join([*later, *own]),
            fix="make them from rows and snapshots strictly before the label's moment, or leave them out",
        )


def _built(build: Build, labels: pa.Table) -> pa.Table:
    """Return the raw columns of some labels; there must be a row a label."""
    columns = build(labels)
    if len(columns) != len(labels):
        raise DataError(f"{len(columns)} rows of raw columns beside {len(labels)} labels")
    return columns


def _stops(rows: int, samples: int, seed: int) -> list[int]:
    """Return numbers of rows to keep, one in each of as many equal runs of the log."""
    edges = np.linspace(0, rows, min(samples, rows) + 1).astype(np.int64)
    stops: list[int] = (np.random.default_rng(seed).integers(edges[:-1], edges[1:]) + 1).tolist()
    return stops


def _stops_at_snapshots(labels: pa.Table, moments: Sequence[datetime], samples: int) -> list[int]:
    """Return numbers of rows to keep, each up to the labels of a snapshot's moment; evenly spaced of many."""
    time = labels["timestamp"].cast(pa.int64()).to_numpy()
    last = np.searchsorted(time, as_micros(moments), side="right")
    at = last[np.isin(as_micros(moments), time)]
    stops: list[int] = at[np.linspace(0, len(at) - 1, min(samples, len(at))).astype(np.int64)].tolist()
    return stops


def _with_other_labels(labels: pa.Table) -> pa.Table:
    """Return the labels with those of the last moment all 0, or all 1 where none was 1.

    Were each one flipped, a sum over as many ones as zeros would not change.
    """
    label = np.array(labels["label"].to_numpy())
    last = np.asarray(pc.equal(labels["timestamp"], labels["timestamp"][-1]).to_numpy())
    label[last] = 0 if label[last].any() else 1
    index = labels.schema.get_field_index("label")
    return labels.set_column(index, "label", pa.array(label, labels["label"].type))


def _report_lines(labels: pa.Table, before: pa.Table, after: pa.Table, when: str) -> Iterator[str]:
    """Yield a line for each column that changes."""
    for name, row in _changes(before, after):
        user, item, time = (labels[c][row].as_py() for c in ("user_id", "item_id", "timestamp"))
        values = " → ".join(f"{table[name][row].as_py()!r:.60}" for table in (before, after))
        yield f"  {name!r} changes {when}: user {user!r}, item {item!r} at {time.isoformat()}: {values}"


def _changes(before: pa.Table, after: pa.Table) -> Iterator[tuple[str, int]]:
    """Yield each column that differs, and the first row in which it does.

    Raises:
        DataError: when there are other columns.
    """
    other = sorted(set(before.column_names) ^ set(after.column_names))
    if other:
        raise DataError(
            f"raw columns that only some parts of the log have: {other}", fix="make the same of every log"
        )
    for name in before.column_names:
        for start in range(0, len(before), _ROWS):
            one, two = (flat_array(table[name].slice(start, _ROWS)) for table in (before, after))
            rows = np.flatnonzero(_differs(one, two.cast(one.type)))
            if len(rows):
                yield name, start + int(rows[0])
                break


def _differs(one: pa.Array, two: pa.Array) -> Bool:
    """Return [n] which values differ; null equals null, NaN equals NaN, lists are equal value by value."""
    valid, valid_too = (mask(array.is_valid()) for array in (one, two))
    differs: Bool = valid != valid_too
    if is_list(one.type):
        return differs | _lists_differ(Lists.of(one), Lists.of(two))
    if pa.types.is_null(one.type):
        return differs
    unequal = mask(pc.not_equal(one, two).fill_null(False))
    if pa.types.is_floating(one.type):
        unequal &= ~mask(pc.and_(pc.is_nan(one), pc.is_nan(two)).fill_null(False))
    return differs | unequal


def _lists_differ(one: Lists, two: Lists) -> Bool:
    differs: Bool = one.length != two.length
    kept, kept_too = (~differs[lists.row] for lists in (one, two))
    values = _differs(one.flat.filter(pa.array(kept)), two.flat.filter(pa.array(kept_too)))
    differs[one.row[kept][values]] = True
    return differs
