"""How a source's raw tables become tidy ones, checked against the release."""

import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.datasets.movielens import KEYS, ORDER, SCHEMAS, Release, fingerprint
from embedding_features.errors import DataError

_REPLACE = "fetch the data again, or name another copy with --from"


def _years(titles: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the year in a title's first "(1995)", null where there is none."""
    found = pc.extract_regex(titles, r"\((?P<year>\d{4})\)")
    return pc.struct_field(found, "year").cast(pa.int64())


def _typed(name: str, table: pa.Table) -> pa.Table:
    """Return columns in the schema's types: titles stripped, genres sorted, seconds since 1970 as UTC µs."""
    columns = {field: table[field] for field in table.column_names}
    if name == "interactions":
        columns["timestamp"] = pc.multiply_checked(table["timestamp"].cast(pa.int64()), 1_000_000)
        columns["rating"] = table["rating"].cast(pa.int64())
    if name == "items":
        columns["title"] = pc.utf8_trim_whitespace(table["title"])
        columns["release_year"] = _years(columns["title"])
        genres = [sorted(g) if g is not None else None for g in table["genres"].to_pylist()]
        columns["genres"] = pa.chunked_array([pa.array(genres, pa.list_(pa.string()))])
    schema = SCHEMAS[name]
    return pa.table({f.name: columns[f.name].cast(f.type) for f in schema}, schema=schema)


def tidy(raw: dict[str, pa.Table], origin: str, release: Release) -> dict[str, pa.Table]:
    """Return the tables in their schemas and order, checked against the release.

    Args:
        raw: table → its columns as the source has them: ``timestamp`` in seconds, ``genres`` as lists; titles
            as "Toy Story (1995)". ``kg`` and ``item_entity`` may be missing.
        origin: the source, for errors.
        release: what the rows must be.

    Raises:
        DataError: on a missing table or column, a value of the wrong type, a null, a duplicate key, a rating
            outside 1..5, an unknown user or item, or rows that are not the release's.
    """
    tables = {}
    for name in (known for known in SCHEMAS if known in raw):
        absent = [c for c in SCHEMAS[name].names if c not in raw[name].column_names and c != "release_year"]
        if absent:
            raise DataError(f"{origin}: {name} has no column {absent}", fix=_REPLACE)
        try:
            table = _typed(name, raw[name])
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(
                f"{origin}: {name} cannot be read as {SCHEMAS[name]}: {error}", fix=_REPLACE
            ) from None
        tables[name] = table.sort_by([(column, "ascending") for column in ORDER[name]])
    _check(tables, origin, release)
    return tables


def _check(tables: dict[str, pa.Table], origin: str, release: Release) -> None:
    for name in ("interactions", "users", "items"):
        if name not in tables:
            raise DataError(f"{origin}: no {name}", fix=_REPLACE)
    for name, table in tables.items():
        if table.num_rows != release.rows[name]:
            rule = f"the release has {release.rows[name]:,}"
            raise DataError(f"{origin}: {name} has {table.num_rows:,} rows; {rule}", fix=_REPLACE)
        nulls = [f.name for f in table.schema if not f.nullable and table[f.name].null_count]
        if nulls:
            raise DataError(f"{origin}: {name} has nulls in {nulls}", fix=_REPLACE)
        keys = KEYS.get(name)
        if keys and table.group_by(list(keys)).aggregate([]).num_rows != table.num_rows:
            raise DataError(f"{origin}: {name} has two rows of one {' and '.join(keys)}", fix=_REPLACE)
    _check_interactions(tables, origin, release)


def _check_interactions(tables: dict[str, pa.Table], origin: str, release: Release) -> None:
    interactions = tables["interactions"]
    extremes = pc.min_max(interactions["rating"]).as_py()
    if extremes["min"] < 1 or extremes["max"] > 5:
        raise DataError(f"{origin}: ratings reach {extremes}; the rule is 1..5", fix=_REPLACE)
    for table, column in (("users", "user_id"), ("items", "item_id")):
        unknown = pc.invert(pc.is_in(interactions[column], tables[table][column]))
        if pc.any(unknown).as_py():
            value = interactions[column].filter(unknown)[0]
            raise DataError(f"{origin}: interactions name {column} {value}, which {table} lack", fix=_REPLACE)
    if fingerprint(interactions) != release.interactions_sha256:
        raise DataError(
            f"{origin}: the interactions are not the release's (their SHA-256 differs)", fix=_REPLACE
        )
