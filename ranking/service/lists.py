"""Lists in Parquet files beside the service: popular items, and the domains of nodes."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import structlog

from embedding_features.errors import ConfigError, DataError
from embedding_features.ids import flat_ids
from embedding_features.store import list_published

_LOG = structlog.get_logger()


def read_popular(path: Path | None) -> list[Any]:
    """Return the items that users without a vector are recommended, best first; none without a file.

    An item that is there again counts at its first place. Text is taken in any of Arrow's forms: strings,
    large strings, views, and dictionaries of them (categories).

    Raises:
        ConfigError: when the file cannot be read, or has no column ``item_id`` of ids, none of them null.
    """
    if path is None:
        return []
    ids = _ids(_read(path, ["item_id"])["item_id"], f"{path}: item_id")
    once = list(dict.fromkeys(ids))
    if len(once) < len(ids):
        _LOG.warning("popular items are repeated: the first place counts", repeated=len(ids) - len(once))
    return once


def read_domains(files: Mapping[str, Path]) -> dict[str, dict[Any, str]]:
    """Return node type → id → domain, of a Parquet file for each node type.

    Raises:
        ConfigError: when a file cannot be read, lacks a column, or has a null or an id of two domains.
    """
    return {node_type: _domains(path) for node_type, path in files.items()}


def _domains(path: Path) -> dict[Any, str]:
    table, domains = _read(path, ["id", "domain"]), dict[Any, str]()
    names = _values(table["domain"], f"{path}: domain", (pa.types.is_string,), "strings")
    for found, name in zip(_ids(table["id"], f"{path}: id"), names, strict=True):
        if domains.setdefault(found, name) != name:
            raise ConfigError(
                f"{path}: id {found!r} is in the domains {domains[found]!r} and {name!r}", fix="keep one"
            )
    return domains


def check_ids(ids: Mapping[str, Iterable[Any]], repo: Path, where: str) -> None:
    """Check that ids are of the type that the ids of their node type have in the published runs.

    Args:
        ids: node type → ids, all of one type.
        repo: the Feast repository with the runs.
        where: the setting that names them.

    Raises:
        ConfigError: when they are of the other type.
    """
    firsts = {node_type: next(iter(of), None) for node_type, of in ids.items()}
    nodes = [run.snapshot.manifest.nodes for run in list_published(repo)] if any(ids.values()) else []
    for node_type, first in firsts.items():
        found = "int64" if isinstance(first, int) else "string"
        types = {of[node_type].id_type for of in nodes if node_type in of}
        if first is not None and types and found not in types:
            raise ConfigError(
                f"{where}: ids are {found}, and those of {node_type!r} {types.pop()}", fix="write them alike"
            )


def _ids(column: pa.ChunkedArray, where: str) -> list[Any]:
    return _values(column, where, (pa.types.is_integer, pa.types.is_string), "integers or strings")


def _values(
    column: pa.ChunkedArray, where: str, kinds: tuple[Callable[[pa.DataType], bool], ...], wanted: str
) -> list[Any]:
    """The values of a column of ids or names, none of them null; integers as int64 holds them."""
    if not len(column) and pa.types.is_null(_value_type(column)):  # what writers make of an empty column
        return []
    try:
        column.validate(full=True)
        values = flat_ids(column)
        if not any(is_one(values.type) for is_one in kinds):
            raise ConfigError(f"{where} is {column.type}", fix=f"write {wanted}")
        if values.null_count:
            row = pc.index(values.is_null(), True).as_py()
            raise ConfigError(
                f"{where} is null in {values.null_count} rows, first in row {row}", fix="drop them"
            )
        if pa.types.is_integer(values.type):
            values = values.cast(pa.int64())
        found: list[Any] = values.to_pylist()
    except (pa.ArrowException, DataError) as error:
        raise ConfigError(f"{where}: {error}", fix=f"write {wanted}, numbers within int64") from None
    return found


def _value_type(column: pa.ChunkedArray) -> pa.DataType:
    return column.type.value_type if pa.types.is_dictionary(column.type) else column.type


def _read(path: Path, columns: list[str]) -> pa.Table:
    try:
        return pq.read_table(path, columns=columns).select(columns)
    except (OSError, KeyError, pa.ArrowException) as error:
        raise ConfigError(
            f"{path} cannot be read: {error}", fix=f"write a Parquet file with columns {', '.join(columns)}"
        ) from None
