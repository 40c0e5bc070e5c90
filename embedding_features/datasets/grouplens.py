"""MovieLens-100K as GroupLens publishes it: ``ml-100k.zip``, or the folder it unpacks to."""

import hashlib
from pathlib import Path

import pyarrow as pa

from embedding_features.datasets.archive import read_delimited, read_members
from embedding_features.errors import DataError

#: in the order of u.item's flags (u.genre)
GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip

_INT, _TEXT = pa.int64(), pa.string()
_USERS = {"user_id": _INT, "age": _INT, "gender": _TEXT, "occupation": _TEXT, "zip_code": _TEXT}
_ITEMS = {"item_id": _INT, **dict.fromkeys(("title", "release_date", "video_release_date", "url"), _TEXT)}
_FILES: dict[str, tuple[str, dict[str, pa.DataType], str]] = {
    "interactions": ("u.data", dict.fromkeys(("user_id", "item_id", "rating", "timestamp"), _INT), "\t"),
    "users": ("u.user", _USERS, "|"),
    "items": ("u.item", {**_ITEMS, **dict.fromkeys(GENRES, pa.int8())}, "|"),
}


def _read(source: Path) -> dict[str, bytes]:
    """Return file name → bytes, from a folder (or one that holds ``ml-100k/``) or a zip file."""
    files = [file for file, _, _ in _FILES.values()]
    if not source.is_dir():
        members = read_members(source, [f"ml-100k/{file}" for file in files])
        return {name.removeprefix("ml-100k/"): data for name, data in members.items()}
    folder = source / "ml-100k" if (source / "ml-100k").is_dir() else source
    absent = [file for file in files if not (folder / file).is_file()]
    if absent:
        raise DataError(
            f"{folder} has no {', '.join(absent)}", fix="name GroupLens' ml-100k.zip or its folder"
        )
    return {file: (folder / file).read_bytes() for file in files}


def read_grouplens(source: Path) -> tuple[dict[str, pa.Table], dict[str, str]]:
    """Return raw tables (see :func:`.tidy`), and each file's SHA-256.

    The files are latin-1; u.data is separated by tabs, u.user and u.item by bars.

    Raises:
        DataError: when a file is missing, damaged, or of another form.
    """
    data = _read(source)
    raw = {
        table: read_delimited(
            data[file], f"{source}: {file}", columns, delimiter=delimiter, header=False, encoding="latin1"
        )
        for table, (file, columns, delimiter) in _FILES.items()
    }
    flags = zip(*(raw["items"][genre].to_pylist() for genre in GENRES), strict=True)
    genres = [[g for g, is_one in zip(GENRES, row, strict=True) if is_one] for row in flags]
    raw["items"] = raw["items"].append_column("genres", pa.array(genres, pa.list_(pa.string())))
    return raw, {file: hashlib.sha256(content).hexdigest() for file, content in data.items()}
