"""A trained cell of a grid, and its file: Parquet with the test scores, written whole or not at all."""

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
from ranking.experiment.importance import Importance

#: rows of the request whose scoring is timed
CANDIDATES = 200

_KEY, _ABOUT = b"key", b"about"
_FIGURES = ("seconds", "rounds", "validation", "score_ms")


@dataclass(frozen=True)
class TrainedCell:
    """Holds what one ranker, trained in one variant with one seed, scored and cost.

    Attributes:
        score: [test rows] probability of label 1.
        seconds: seconds of training.
        rounds: boosting rounds or epochs that early stopping kept.
        validation: log loss on the validation rows.
        score_ms: median milliseconds of scoring :data:`CANDIDATES` rows.
        importance: importance of its fields; None where it was not measured.
    """

    score: F32
    seconds: float
    rounds: int
    validation: float
    score_ms: float
    importance: Importance | None = None


def write_cell(path: Path, cell: TrainedCell, key: str, about: Mapping[str, Any]) -> None:
    """Write a cell to a file.

    Args:
        path: the file.
        cell: the cell.
        key: hash of all that the cell depends on; only a reader that expects it gets the cell.
        about: settings for people who look into the file.
    """
    figures = {name: getattr(cell, name) for name in _FIGURES}
    fields = None if cell.importance is None else cell.importance.model_dump(mode="json")
    record = {**about, **figures, "importance": fields}
    schema = pa.schema([("score", pa.float32())], {_KEY: key.encode(), _ABOUT: json.dumps(record).encode()})
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"score": cell.score}, schema=schema), sink)
    write_atomic(path, sink.getvalue().to_pybytes())


def read_cell(path: Path, key: str, rows: int) -> TrainedCell | None:
    """Return the cell of a file; None if it is missing, damaged, or has another key or number of rows."""
    try:
        table = pq.read_table(path, memory_map=False)
        metadata = table.schema.metadata or {}
        if metadata[_KEY] != key.encode() or table.num_rows != rows:
            return None
        about = json.loads(metadata[_ABOUT])
        score = np.asarray(table["score"].to_numpy(), np.float32)
        fields = about["importance"]
        return TrainedCell(
            score,
            **{name: about[name] for name in _FIGURES},
            importance=None if fields is None else Importance.model_validate(fields),
        )
    except (OSError, KeyError, TypeError, ValueError):  # pa.ArrowInvalid is a ValueError
        return None
