"""The SQL of the ASOF join: names are quoted, and a source's rows are (file number, row in it)."""
# ruff: noqa: S608

from collections.abc import Mapping, Sequence

from embedding_features.store.offline.reading import Reading
from embedding_features.store.offline.typed_files import TypedFiles

#: event and created time as one number: the event in the high 64 bits, a null created time below all others
_BOTH = "(t::HUGEINT * 18446744073709551616 + coalesce(c::HUGEINT + 9223372036854775808, 0))"
_LABEL_BOTH = "t::HUGEINT * 18446744073709551616 + 18446744073709551615"


def rows_sql(parts: Sequence[TypedFiles], readings: Mapping[str, Reading]) -> str:
    """Return SQL of all rows: the readings by their aliases, ``file`` (its number) and ``place`` in it."""
    selects = []
    for number, part in enumerate(parts):
        columns = [f"{reading.casts[number].sql} AS {alias}" for alias, reading in readings.items()]
        places = [f"s.file_index + {part.first} AS file" if part.first else "s.file_index AS file"]
        columns += [*places, "s.file_row_number AS place"]
        selects.append(f"SELECT {', '.join(columns)} FROM {part.sql}")
    return " UNION ALL ".join(selects)


def _seen(source: str, keys: int, created: bool, guarded: bool) -> tuple[str, str]:
    """Return SQL of the source with a column ``v``, and the v of the labels ``t``.

    The last row before a label is the answer.

    Without a created time, v is the event time. With one, it is both as one number, so that duplicates need
    no pass of their own. Guarded, v is the moment from which a row can be seen, and rows that are outdated by
    then are removed: what is left gets newer in both orders.
    """
    if not created:
        return f"SELECT *, t AS v FROM ({source})", "t"
    if not guarded:
        return f"SELECT *, {_BOTH} AS v FROM ({source})", _LABEL_BOTH
    names = ", ".join(f"k{i}" for i in range(keys))
    return (
        f"SELECT *, greatest(t, c) AS v FROM ({source}) WHERE t IS NOT NULL AND c IS NOT NULL "
        f"QUALIFY {_BOTH} = max({_BOTH}) OVER (PARTITION BY {names} ORDER BY greatest(t, c) "
        "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)",
        "t",
    )


def match_sql(source: str, keys: int, created: bool, guarded: bool) -> str:
    """Return SQL of ``row, file, place, t`` for each row of ``labels`` that sees one.

    Labels have keys ``k0`` …, ``t`` and ``row``.

    Args:
        source: SQL of all rows: keys ``k0`` …, times ``t`` and ``c`` in µs, ``file`` and ``place``.
        keys: how many there are.
        created: whether there is a ``c``.
        guarded: whether a row is seen only when it was created, too.
    """
    seen, label = _seen(source, keys, created, guarded)
    equal = "".join(f"l.k{i} = s.k{i} AND " for i in range(keys))
    return (
        f"SELECT l.row, s.file, s.place, s.t FROM (SELECT *, {label} AS v FROM labels) l "
        f"ASOF JOIN ({seen}) s ON {equal}l.v >= s.v"
    )


def _matched(part: TypedFiles) -> str:
    """Return the SQL that joins a part with ``matches``."""
    number = f"s.file_index + {part.first}" if part.first else "s.file_index"
    return f"FROM {part.sql} JOIN matches m ON {number} = m.file AND s.file_row_number = m.place"


def fetch_sql(part: TypedFiles, number: int, features: list[Reading]) -> str:
    """Return SQL of ``row`` and the features of each row of ``matches`` in a part, in no order.

    Matches have ``row, file, place``.

    Args:
        part: files of the source.
        number: of the part.
        features: how the features are read.
    """
    columns = "".join(f", {reading.casts[number].sql}" for reading in features)
    return f"SELECT m.row{columns} {_matched(part)}"


def changed_sql(part: TypedFiles, number: int, feature: Reading) -> str:
    """Return SQL of a file number and a value of ``feature``, matched, that would be changed, if any."""
    return (
        f"SELECT s.file_index, {part.column(feature.name)} {_matched(part)} "
        f"WHERE {feature.casts[number].bad} LIMIT 1"
    )
