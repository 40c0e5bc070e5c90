"""A data set larger than memory: joined, encoded and written a part at a time, opened by memory maps.

::

    <folder>/raw.arrow     the raw columns, an Arrow file of one record batch a part
    <folder>/inputs/       the encoded inputs (:mod:`.on_disk`)
    <folder>/encoders/     what encoded them (:mod:`.encoders`)

What stays in memory are the labels (ids, time, label: some 50 bytes a row) and what the log says of each
one's past, codes in use, and one part of everything else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32
from embedding_features.errors import DataError
from embedding_features.files import atomic_folder
from embedding_features.fresh import FreshSeries
from embedding_features.progress import SILENT, Advance, Progress
from ranking.dataset.dataset import Dataset, assemble, label_values, training_rows
from ranking.dataset.graph_columns import find_graph_columns
from ranking.dataset.raw_columns import RawColumns
from ranking.dataset.snapshot_age import snapshot_age
from ranking.encoders import fit_encoders, save_encoders
from ranking.encoders.rows import PART_ROWS, FileRows
from ranking.inputs.on_disk import InputsWriter, open_inputs
from ranking.inputs.spec import RankerSpec
from ranking.log_features.histories import Histories
from ranking.log_features.log import Log
from ranking.task.labels import entity_frame
from ranking.task.task import Task

#: asks the feature store: a frame of entities and moments → the frame with its features, rows in order
Join = Callable[[pa.Table], pa.Table]

_RAW, _INPUTS, _ENCODERS = "raw.arrow", "inputs", "encoders"


def build_dataset_on_disk(
    task: Task,
    labels: pa.Table | Log,
    join: Join,
    snapshots: Sequence[datetime],
    folder: Path,
    progress: Progress = SILENT,
    *,
    spec: RankerSpec | None = None,
    histories: Histories | None = None,
    history_vectors: Mapping[str, pa.ChunkedArray] | None = None,
    fresh: Sequence[FreshSeries] = (),
    part_rows: int = PART_ROWS,
) -> Dataset:
    """Build what :func:`.build_dataset` builds, value for value, with inputs mapped from ``folder``.

    Args:
        task: what is ranked.
        labels: as :func:`.build_dataset` takes them.
        join: called with :func:`.entity_frame` of ``part_rows`` labels after another.
        snapshots: the moments (``as_of``) of the snapshots that ``join`` answers from.
        folder: seen whole or not at all.
        progress: is told of each part that was joined or encoded.
        spec: as :func:`.build_dataset` takes it.
        histories: as :func:`.build_dataset` takes them.
        history_vectors: as :func:`.build_dataset` takes them.
        fresh: as :func:`.build_dataset` takes it.
        part_rows: labels joined and encoded at once, which bounds memory.

    Raises:
        DataError: when a part comes back with other rows or columns, or a column breaks its rule.
        LeakError: when a row has graph features though no snapshot is strictly older.
        SnapshotError: when ``folder`` exists already.
    """
    if not len(labels):
        raise DataError("no labels", fix="name another log")
    log = Log.of(labels)
    starts = range(0, len(log), part_rows)
    first = join(entity_frame(task, log.labels.slice(0, part_rows)))
    views = find_graph_columns(task, first)
    raw = RawColumns(task, log, views, snapshots, histories, history_vectors, fresh)
    with (
        atomic_folder(folder, folder.parent / ".staging") as made,
        progress.task("rank: inputs", total=2 * len(starts)) as advance,
    ):
        parts = _joined(raw, join, first, part_rows)
        age = _write_raw(made / _RAW, raw, parts, advance)
        rows = FileRows(made / _RAW)
        encoders = fit_encoders(spec or raw.spec(first), rows, training_rows(log.labels))
        label, start = label_values(log.labels), 0
        with InputsWriter(made / _INPUTS) as writer:
            for part in rows.parts(rows.schema.names):
                writer.append(encoders.encode(part, label[start : start + len(part)]))
                start += len(part)
                advance()
        save_encoders(encoders, made / _ENCODERS)
    return assemble(raw, open_inputs(folder / _INPUTS), encoders, age)


def _joined(raw: RawColumns, join: Join, first: pa.Table, rows: int) -> Iterator[tuple[int, pa.Table]]:
    """Yield start and features of each part; the first has been joined."""
    for start in range(0, len(raw.log), rows):
        frame = entity_frame(raw.task, raw.log.labels.slice(start, rows))
        features = join(frame) if start else first
        if len(features) != len(frame):
            raise DataError(f"{len(features)} rows of features beside {len(frame)} labels, from row {start}")
        yield start, features


def _write_raw(path: Path, raw: RawColumns, parts: Iterator[tuple[int, pa.Table]], advance: Advance) -> F32:
    """Write the parts as batches of an Arrow file, and return [n] the ages of the rows' snapshots."""
    ages: list[F32] = []
    with ExitStack() as stack:
        sink = stack.enter_context(pa.OSFile(str(path), "wb"))
        writer, schema = None, None
        for start, features in parts:
            part = raw.part(start, features).combine_chunks()
            if writer is None:
                options = pa.ipc.IpcWriteOptions(compression="zstd")
                schema = part.schema
                writer = stack.enter_context(pa.ipc.new_file(sink, schema, options=options))
            if part.schema != schema:
                raise DataError(
                    f"the columns from row {start} are {part.schema}, those before {schema}",
                    fix="join every part alike",
                )
            writer.write_table(part)
            ages.append(snapshot_age(raw, start, features))
            advance()
    return np.concatenate(ages)
