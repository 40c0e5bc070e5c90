"""One finished cell of a grid on disk: a Parquet file of test scores, written whole or not at all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embedding_features.arrays import F32
from embedding_features.files import write_atomic

_KEY, _ABOUT = b"key", b"about"


@dataclass(frozen=True)
class Cell:
    """Scores [test rows] of one ranker, variant and seed; the seconds it trained; its rounds or epochs; and
    its log loss on the validation rows."""

    score: F32
    seconds: float
    rounds: int
    validation: float


def write_cell(path: Path, cell: Cell, key: str, about: Mapping[str, Any]) -> None:
    """Write a cell with the key it is known by and, for a reader, what it is."""
    said = {**about, "seconds": cell.seconds, "rounds": cell.rounds, "validation": cell.validation}
    schema = pa.schema([("score", pa.float32())], {_KEY: key.encode(), _ABOUT: json.dumps(said).encode()})
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"score": cell.score}, schema=schema), sink)
    write_atomic(path, sink.getvalue().to_pybytes())


def read_cell(path: Path, key: str, rows: int) -> Cell | None:
    """The cell at ``path``; None when missing, damaged, of another key or of other than ``rows`` rows."""
    try:
        table = pq.read_table(path, memory_map=False)
        metadata = table.schema.metadata or {}
        if metadata[_KEY] != key.encode() or table.num_rows != rows:
            return None
        about = json.loads(metadata[_ABOUT])
        score = np.asarray(table["score"].to_numpy(), np.float32)
        return Cell(score, float(about["seconds"]), int(about["rounds"]), float(about["validation"]))
    except (OSError, KeyError, TypeError, ValueError):  # pa.ArrowInvalid is a ValueError
        return None
