"""Encoders saved as files: ``encoders.json`` and a Parquet file a vocabulary."""

from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from embedding_features.config import Config, load_config
from embedding_features.errors import DataError
from embedding_features.files import write_atomic
from ranking.encoders.codes import Coder, HashCodes, ValueCodes
from ranking.encoders.fitted import Encoders
from ranking.encoders.values import ValueKind
from ranking.inputs.spec import RankerSpec

RECORD = "encoders.json"


class _VocabularyRecord(Config):
    kind: Literal["vocabulary"] = "vocabulary"
    file: str = Field(pattern=r"^vocabulary-\d+\.parquet$")
    values: ValueKind
    unknown: int


class _HashingRecord(Config):
    kind: Literal["hashing"] = "hashing"
    buckets: int
    values: ValueKind


class _Record(Config):
    """Holds what ``encoders.json`` says."""

    format: Literal[1] = 1
    spec: RankerSpec
    shapes: dict[str, dict[str, int]]
    codes: dict[str, Annotated[_VocabularyRecord | _HashingRecord, Field(discriminator="kind")]]


def save_encoders(encoders: Encoders, folder: Path) -> None:
    """Write encoders into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    codes: dict[str, _VocabularyRecord | _HashingRecord] = {}
    for place, (name, coder) in enumerate(sorted(encoders.coders.items())):
        if isinstance(coder, HashCodes):
            codes[name] = _HashingRecord(buckets=coder.buckets, values=coder.kind)
            continue
        file = f"vocabulary-{place}.parquet"
        pq.write_table(pa.table({"value": coder.values}), folder / file, compression="zstd")
        codes[name] = _VocabularyRecord(file=file, values=coder.kind, unknown=coder.unknown)
    shapes = {name: dict(shape) for name, shape in encoders.shapes.items()}
    record = _Record(spec=encoders.spec, shapes=shapes, codes=codes)
    write_atomic(folder / RECORD, record.model_dump_json(indent=1).encode())


def load_encoders(folder: Path) -> Encoders:
    """Read the encoders that :func:`save_encoders` wrote: they encode as those did.

    Raises:
        ConfigError: when ``encoders.json`` is missing or not valid.
        DataError: when a vocabulary is missing or cannot be read.
    """
    record = load_config(folder / RECORD, _Record)
    coders: dict[str, Coder] = {}
    for name, code in record.codes.items():
        if isinstance(code, _HashingRecord):
            coders[name] = HashCodes(code.buckets, code.values)
        else:
            coders[name] = ValueCodes(_read_vocabulary(folder / code.file), code.values, code.unknown)
    return Encoders(record.spec, record.shapes, coders)


def _read_vocabulary(path: Path) -> pa.Array:
    try:
        with pq.ParquetFile(path) as file:
            column = file.read()["value"]
    except (OSError, KeyError, pa.ArrowInvalid) as error:
        raise DataError(
            f"the vocabulary {path} cannot be read: {error}", fix="export the bundle again"
        ) from None
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
