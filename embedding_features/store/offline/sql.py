"""The SQL of the ASOF join. Names are quoted, values bound; a source's rows are (file number, row in it)."""
# ruff: noqa: S608

from collections.abc import Sequence

from embedding_features.sources.sql import quoted
from embedding_features.store.offline.joins import Join

EMPTY = "FROM read_parquet($files) LIMIT 0"

#: event and created time as one number: the event in the high 64 bits, a null created time below all others
_BOTH = "(t::HUGEINT * 18446744073709551616 + coalesce(c::HUGEINT + 9223372036854775808, 0))"
_LABEL_BOTH = "t::HUGEINT * 18446744073709551616 + 18446744073709551615"


def _times(join: Join) -> list[str]:
    named = [(join.event, "t"), *([(join.created, "c")] if join.created else [])]
    return [f"epoch_us({quoted(join.source_column(n))}::TIMESTAMPTZ) AS {alias}" for n, alias in named]


def _source(join: Join) -> str:
    """Keys ``k0`` …, times ``t`` and ``c`` in µs, and where a row is."""
    keys = [f"{quoted(join.source_column(ours))} AS k{i}" for i, (ours, _) in enumerate(join.keys)]
    columns = ", ".join([*keys, *_times(join), "file_index AS file", "file_row_number AS place"])
    return f"SELECT {columns} FROM read_parquet($files)"


def _seen(join: Join) -> tuple[str, str]:
    """The source with a column ``v``, and the v of the labels ``t``: the last row before is the answer.

    Without a created time, v is the event time. With one, it is both as one number, so that duplicates need
    no pass of their own. Guarded, v is the moment from which a row can be seen, and rows that are outdated by
    then are removed: what is left gets newer in both orders.
    """
    source = _source(join)
    if not join.created:
        return f"SELECT *, t AS v FROM ({source})", "t"
    if not join.guarded:
        return f"SELECT *, {_BOTH} AS v FROM ({source})", _LABEL_BOTH
    keys = ", ".join(f"k{i}" for i in range(len(join.keys)))
    return (
        f"SELECT *, greatest(t, c) AS v FROM ({source}) WHERE t IS NOT NULL AND c IS NOT NULL "
        f"QUALIFY {_BOTH} = max({_BOTH}) OVER (PARTITION BY {keys} ORDER BY greatest(t, c) "
        "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)",
        "t",
    )


def match_sql(join: Join) -> str:
    """``row, file, place, t`` of each row of ``labels`` (keys ``k0`` …, ``t``, ``row``) that sees one."""
    seen, label = _seen(join)
    equal = "".join(f"l.k{i} = s.k{i} AND " for i in range(len(join.keys)))
    return (
        f"SELECT l.row, s.file, s.place, s.t FROM (SELECT *, {label} AS v FROM labels) l "
        f"ASOF JOIN ({seen}) s ON {equal}l.v >= s.v"
    )


def fetch_sql(names: Sequence[str]) -> str:
    """``row`` and the columns of each row of ``matches`` (``row, file, place``), in no order."""
    columns = "".join(f", s.{quoted(name)}" for name in names)
    return (
        f"SELECT m.row{columns} FROM read_parquet($files) s "
        "JOIN matches m ON s.file_index = m.file AND s.file_row_number = m.place"
    )
