"""The card of a data set, ``dataset.json``: where it came from, on what terms, and what its tables are."""

import json
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from embedding_features.config import Config
from embedding_features.errors import DataError
from embedding_features.files import sha256_file

CARD = "dataset.json"


class TableCard(Config):
    """Records the rows of one Parquet file and the SHA-256 of its bytes."""

    rows: int
    sha256: str


class DatasetCard(Config):
    """Records where the data set of a folder came from.

    Attributes:
        name: the data set.
        source: who handed it over.
        terms: on what terms it may be used; whoever fetches data shows them.
        inputs: input file → SHA-256.
        tables: file stem → its card.
    """

    name: str
    source: str
    terms: str
    inputs: dict[str, str]
    tables: dict[str, TableCard]


def read_card(folder: Path) -> DatasetCard:
    """Return the card of a data set's folder.

    Raises:
        DataError: when the folder has no card, or one that is not valid.
    """
    path = Path(folder) / CARD
    try:
        return DatasetCard.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"{folder} holds no data set: no {CARD}", fix="name another folder") from None
    except ValidationError as error:
        raise DataError(f"{path} is not a data set's card: {error}", fix="remove the folder") from None


def check_folder(folder: Path, name: str) -> DatasetCard:
    """Return the card of the data set ``name``, once every table's bytes are compared with it.

    Raises:
        DataError: when the folder holds something else, or a table is missing or was altered.
    """
    card = read_card(folder)
    if card.name != name:
        raise DataError(f"{folder} holds {card.name!r}, not {name!r}", fix="name another folder")
    for stem, table in card.tables.items():
        path = folder / f"{stem}.parquet"
        if not path.is_file() or sha256_file(path) != table.sha256:
            state = "was altered" if path.is_file() else "is missing"
            raise DataError(
                f"{path} {state} since the data set was written", fix=f"remove {folder} and get it again"
            )
    return card


def write_tables(
    folder: Path,
    tables: Mapping[str, pa.Table],
    *,
    name: str,
    source: str,
    terms: str,
    inputs: dict[str, str],
) -> None:
    """Write every table as Parquet, and the card last, so that a folder with a card is whole."""
    cards = {}
    for stem, table in tables.items():
        path = folder / f"{stem}.parquet"
        pq.write_table(table, path, compression="zstd")
        cards[stem] = TableCard(rows=table.num_rows, sha256=sha256_file(path))
    card = DatasetCard(name=name, source=source, terms=terms, inputs=inputs, tables=cards)
    (folder / CARD).write_text(json.dumps(card.model_dump(mode="json"), indent=1) + "\n", encoding="utf-8")
