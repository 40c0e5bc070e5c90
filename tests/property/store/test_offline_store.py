"""The offline store answers as Feast's own duckdb store does, on random sources and frames, both paths."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from feast.types import Array, Float32, Int64
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.files import sha256_file
from embedding_features.store.offline.asof import join_by_asof
from tests.store.builders import snapshot
from tests.store.offline_world import T0, ask, ask_stock, open_store, stamps, view

SECOND = timedelta(seconds=1)
moments, maybe = st.integers(0, 6), st.one_of(st.none(), st.integers(0, 6))
users, items = st.integers(0, 3), st.sampled_from(["", "a", "a'b", 'é"', "z"])
PLAN = {"a": ("user",), "b": ("item",), "c": ("user", "item")}
REFS = [f"{name}:{feature}" for name in PLAN for feature in ("vector", "count")]


@st.composite
def sources(draw, entities: Sequence[str], created: bool) -> list[tuple]:
    """Rows (user, item, event, created, value); no two are alike in key and all the times that count."""
    rows = draw(st.lists(st.tuples(users, items, maybe, maybe, st.integers(0, 99)), min_size=1, max_size=25))
    places = [i for i, e in enumerate(("user", "item")) if e in entities] + [2] + [3] * created
    return list({tuple(row[i] for i in places): row for row in rows}.values())


def write(folder: Path, entities: Sequence[str], rows: list[tuple], files: int, fixed: bool) -> None:
    folder.mkdir()
    for number in range(min(files, len(rows))):
        part = rows[number::files]
        # without fixed lengths there are null vectors, empty ones, and nulls in them
        ragged = [None if r[4] % 5 == 0 else [float(r[4]), None][: r[4] % 3] for r in part]
        dense = [[float(r[4]), float(-r[4])] for r in part]
        columns = {
            "user_id": pa.array([r[0] for r in part], pa.int64()),
            "item_id": pa.array([r[1] for r in part], pa.string()),
            "vector": pa.array(dense if fixed else ragged, pa.list_(pa.float32(), 2 if fixed else -1)),
            "count": pa.array([r[4] if r[4] % 4 else None for r in part], pa.int64()),
            "at": stamps([r[2] for r in part]),
            "made": stamps([r[3] for r in part]),
        }
        unused = [f"{e}_id" for e in ("user", "item") if e not in entities]
        pq.write_table(pa.table(columns).drop_columns(unused), folder / f"{number}.parquet", row_group_size=4)


def labels_of(rows: Sequence[tuple]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row": np.arange(len(rows)),
            "user_id": pd.array([r[0] for r in rows], "Int64"),
            "item_id": [r[1] for r in rows],
            "event_timestamp": [T0 + r[2] * SECOND for r in rows],
        }
    )


labels = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(0, 5)), st.one_of(st.none(), items), moments),
    min_size=1,
    max_size=12,
).map(labels_of)


def assert_equal(found: pa.Table, wanted: pa.Table) -> None:
    """The rows of ``found`` are in the frame's order; Feast's are in none."""
    assert found["row"].to_pylist() == list(range(len(found)))
    assert found.column_names == wanted.column_names
    wanted = wanted.take(pc.sort_indices(wanted["row"]))
    for name in wanted.column_names:
        assert found[name].to_pylist() == wanted[name].to_pylist(), name


@settings(max_examples=25, deadline=None)
@given(data=st.data(), frame=labels, guard=st.booleans())
def test_any_parquet(data, frame, guard):
    """Nulls, equal times with other created times, ttl edges, joint keys, several views, unknown ids."""
    with TemporaryDirectory() as folder:
        root, views = Path(folder), []
        for name, entities in PLAN.items():
            created = data.draw(st.booleans())
            rows = data.draw(sources(entities, created))
            write(root / name, entities, rows, data.draw(st.integers(1, 3)), data.draw(st.booleans()))
            ttl = data.draw(st.sampled_from([0, 1, 2])) * SECOND
            path = root / name / "*.parquet"
            features = {"vector": Array(Float32), "count": Int64}
            views.append(view(name, entities, path, features, "at", "made" if created else "", ttl))
        store = open_store(root, views)
        assert_equal(ask(store, frame, REFS, guard), ask_stock(store, frame, REFS, guard))


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    """A real manifest, of which each published run of these tests changes the files."""
    made = snapshot(tmp_path_factory.mktemp("runs"), counts=(2, 2))
    return json.loads((made.folder / "manifest.json").read_text())


def publish(root: Path, manifest: dict, entity: str, ids: pa.Array, as_of: int, created: int) -> None:
    """One more folder with one table."""
    number = len(list(root.iterdir()))
    path = root / f"r{number}" / f"{entity}_vector.parquet"
    path.parent.mkdir()
    values = np.arange(2 * len(ids), dtype=np.float32).reshape(-1, 2) + 100 * number
    table = pa.table(
        {
            f"{entity}_id": ids,
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), 2),
            "tokens": pa.array([[number] * (i % 3) for i in range(len(ids))], pa.list_(pa.int64())),
            "event_timestamp": stamps([as_of] * len(ids)),
            "created_timestamp": stamps([created] * len(ids)),
        }
    )
    pq.write_table(table, path)
    files, nodes = {path.name: sha256_file(path)}, {entity: manifest["nodes"][entity]}
    path.with_name("manifest.json").write_text(json.dumps(manifest | {"files": files, "nodes": nodes}))


@settings(max_examples=25, deadline=None)
@given(data=st.data(), frame=labels, guard=st.booleans(), ttl=st.sampled_from([0, 1, 2]), text=st.booleans())
def test_published_snapshots(manifest, data, frame, guard, ttl, text):
    """Gathered from mapped files, joined from Parquet, or by Feast: snapshots that lack ids, in any order."""
    entity, pool = ("item", ["", "a", 'é"', "z"]) if text else ("user", [0, 1, 2, 3])
    times = st.tuples(st.integers(0, 2), moments)
    runs = data.draw(st.lists(times, min_size=1, max_size=4, unique=True))
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for as_of, created in runs:
            ids = data.draw(st.lists(st.sampled_from(pool), min_size=1, unique=True))
            publish(root, manifest, entity, pa.array(ids), as_of, created)
        features = {"vector": Array(Float32), "tokens": Array(Int64)}
        path, times = root / "*" / f"{entity}_vector.parquet", ("event_timestamp", "created_timestamp")
        store = open_store(root, [view("v", [entity], path, features, *times, ttl * SECOND)])
        refs = ["v:vector", "v:tokens"]
        wanted = ask_stock(store, frame, refs, guard)
        seen = [max(run) for run in sorted(runs)]
        with patch("embedding_features.store.offline.job.join_by_asof", side_effect=join_by_asof) as slow:
            assert_equal(ask(store, frame, refs, guard), wanted)
            assert slow.called == (guard and seen != sorted(seen))
        assert_equal(ask(store, frame, refs, guard, map_snapshots=False), wanted)
        assert len(list(root.glob("*/.*.arrow"))) == len(runs)
