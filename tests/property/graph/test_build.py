"""A build equals plain Python over the same rows: nulls, duplicates, ties, parents, any source."""

import tempfile
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.graph import Graph
from tests.unit.graph.graph_logs import MOMENT, day, schema

Row = tuple[int | None, str | None, int | None, float]
Kind = Literal["parquet", "csv", "sql"]

ROW = st.tuples(
    st.one_of(st.none(), st.sampled_from([-(2**63), -1, 0, 5, 2**63 - 1])),
    st.one_of(st.none(), st.sampled_from(["a", "B", "ß", "007", "a b", "日本"])),
    st.one_of(st.none(), st.integers(0, 5)),
    st.sampled_from([0.5, 1.0, -2.0, 4.0]),
)


def _write(folder: Path, kind: Kind, rows: list[Row]) -> dict[str, Any]:
    columns = list(zip(*rows, strict=True)) if rows else [()] * 4
    table = pa.table(
        {
            "user": pa.array(columns[0], pa.int64()),
            "item": pa.array(columns[1], pa.string()),
            "at": pa.array([None if d is None else day(d) for d in columns[2]], MOMENT),
            "stars": pa.array(columns[3], pa.float64()),
        }
    )
    if kind == "csv":
        with duckdb.connect() as con:
            con.register("log", table)
            con.execute(f"COPY (FROM log) TO '{folder}/a.csv' (HEADER)")
        return {"parquet": None, "csv": "*.csv"}
    half = len(table) // 2
    pq.write_table(table.slice(half), folder / "a.parquet")
    pq.write_table(table.slice(0, half), folder / "b.parquet")
    return {"parquet": "*.parquet"} if kind == "parquet" else {"parquet": None, "sql": "FROM '*.parquet'"}


def _plain(
    rows: list[Row], as_of: int, duplicates: str, known: tuple[list[int], list[str]]
) -> dict[str, Any]:
    complete = [r for r in rows if r[0] is not None and r[1] is not None]
    kept: list[Any] = sorted(r for r in complete if r[2] is not None and r[2] <= as_of)
    users = known[0] + sorted({r[0] for r in kept} - set(known[0]))
    items = known[1] + sorted({r[1] for r in kept} - set(known[1]), key=str.encode)
    pairs: dict[tuple[int, int], list[tuple[int, float]]] = {}
    for user, item, at, stars in kept:
        pairs.setdefault((users.index(user), items.index(item)), []).append((at, stars))
    repeated = len(kept) - len(pairs)
    if duplicates == "sum":
        pairs = {pair: [(max(group)[0], sum(w for _, w in group))] for pair, group in pairs.items()}
    if duplicates == "last":
        pairs = {pair: [max(group)] for pair, group in pairs.items()}
    edges = [(*pair, *edge) for pair, group in sorted(pairs.items()) for edge in group]
    return {
        "users": users,
        "items": items,
        "edges": edges,
        "report": {
            "read": len(rows),
            "null_ids": len(rows) - len(complete),
            "null_times": sum(r[2] is None for r in complete),
            "later": sum(r[2] is not None and r[2] > as_of for r in complete),
            "repeated": repeated,
            "merged": 0 if duplicates == "keep" else repeated,
            "kept": len(edges),
        },
    }


def _built(graph: Graph) -> dict[str, Any]:
    csr = graph.relation().forward
    assert csr.time is not None
    days = [(time - int(day(0).timestamp()) * 10**6) // 86_400_000_000 for time in csr.time.tolist()]
    columns = (csr.sources().tolist(), csr.indices.tolist(), days, csr.weights().tolist())
    return {
        "users": graph.vocabularies["user"].ids.to_pylist(),
        "items": graph.vocabularies["item"].ids.to_pylist(),
        "edges": list(zip(*columns, strict=True)),
        "report": graph.report.relations["viewed"].model_dump(),
    }


@settings(max_examples=50, deadline=None)
@given(
    rows=st.lists(ROW, max_size=40),
    kind=st.sampled_from(["parquet", "csv", "sql"]),
    duplicates=st.sampled_from(["keep", "sum", "last"]),
    moments=st.lists(st.integers(0, 5), min_size=1, max_size=2).map(sorted),
)
def test_build_equals_plain_python(rows: list[Row], kind: Kind, duplicates: str, moments: list[int]) -> None:
    """Each moment's graph is the parent of the next one."""
    with tempfile.TemporaryDirectory() as name:
        source = _write(Path(name), kind, rows)
        relation = {
            **source,
            "duplicates": duplicates,
            "weight": "stars",
            "allow_empty": True,
            "max_dropped": 1,
        }
        plan = schema(Path(name), relation, item={"id": "string"})
        parent: Graph | None = None
        known: tuple[list[int], list[str]] = ([], [])
        for moment in moments:
            parent = Graph.build(plan, day(moment), parent=parent, threads=1)
            expected = _plain(rows, moment, duplicates, known)
            assert _built(parent) == expected
            known = (expected["users"], expected["items"])
