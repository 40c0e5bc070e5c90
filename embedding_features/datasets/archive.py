"""Data files out of other people's archives: exact members are read, nothing is run or unpacked."""

import zipfile
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv

from embedding_features.errors import DataError

#: no member we read is larger; a bigger one is not what it says
MAX_MEMBER_BYTES = 64 << 20


def read_members(archive: Path, names: list[str]) -> dict[str, bytes]:
    """Return the bytes of exactly these members of a zip file (or wheel), read in memory.

    Raises:
        DataError: when the archive is missing or damaged, lacks a member, or one is above 64 MiB.
    """
    again = "fetch the file again"
    try:
        with zipfile.ZipFile(archive) as opened:
            members = {}
            for name in names:
                try:
                    info = opened.getinfo(name)
                except KeyError:
                    raise DataError(f"{archive} has no member {name}", fix=again) from None
                if info.file_size > MAX_MEMBER_BYTES:
                    raise DataError(
                        f"{archive}: {name} has {info.file_size:,} bytes, above {MAX_MEMBER_BYTES:,}",
                        fix=again,
                    )
                members[name] = opened.read(info)
            return members
    except FileNotFoundError:
        raise DataError(f"no file {archive}", fix="check the path") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
        raise DataError(f"{archive} is not a readable zip file: {error}", fix=again) from None


def read_delimited(
    data: bytes,
    origin: str,
    columns: dict[str, pa.DataType],
    *,
    delimiter: str,
    header: bool,
    encoding: str = "utf8",
) -> pa.Table:
    """Return delimited text without quoting as a table of exactly these columns.

    Args:
        data: the text.
        origin: the file, for errors.
        columns: names and types; with ``header`` the first line must hold these names in this order.
        delimiter: between two fields.
        header: whether the first line names the columns.
        encoding: of the text.

    Raises:
        DataError: on another header, another number of fields, or a value of another type.
    """
    read = pa_csv.ReadOptions(encoding=encoding, column_names=None if header else list(columns))
    parse = pa_csv.ParseOptions(delimiter=delimiter, quote_char=False)
    try:
        table = pa_csv.read_csv(pa.py_buffer(data), read, parse, pa_csv.ConvertOptions(column_types=columns))
    except (pa.ArrowInvalid, pa.ArrowKeyError, UnicodeDecodeError) as error:
        raise DataError(f"{origin} is not what it should be: {error}", fix="fetch the file again") from None
    if table.column_names != list(columns):
        raise DataError(
            f"{origin} has columns {table.column_names}, not {list(columns)}", fix="fetch the file again"
        )
    return table
