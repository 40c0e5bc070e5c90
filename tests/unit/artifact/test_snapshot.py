"""Snapshot folders: whole or not at all, checked when written and when opened."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedding_features.artifact import (
    Alignment,
    Snapshot,
    Space,
    find_snapshot,
    list_snapshots,
    run_id,
    write_snapshot,
)
from embedding_features.derive import Clusters, Features, Neighbours, ResidualTokens, derive, load_codebooks
from embedding_features.errors import CompatibilityError, ConfigError, DataError, SnapshotError
from embedding_features.files import sha256_file
from tests.unit.derive.made_embeddings import AS_OF, embeddings, table

PUBLISHED = AS_OF + timedelta(hours=6)


@pytest.fixture(scope="module")
def features() -> Features:
    return derive(embeddings(), Clusters(k=8, top_k=3), ResidualTokens(levels=2, codes=4), Neighbours(k=5))


def content(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): sha256_file(p) for p in folder.rglob("*") if p.is_file()}


def test_vectors_and_provenance_come_back_as_they_were(tmp_path: Path) -> None:
    made = embeddings()
    back = Snapshot.open(write_snapshot(made, tmp_path / "runs").folder).embeddings()
    assert back.provenance == made.provenance
    for node_type, before in made.tables.items():
        after = back.tables[node_type]
        assert after.ids.equals(before.ids)
        assert after.vectors.tobytes() == before.vectors.tobytes()
        assert after.catalogue == before.catalogue


def test_the_layout_is_the_documented_one(tmp_path: Path, features: Features) -> None:
    snapshot = write_snapshot(features, tmp_path / "runs", health={"user": {"coverage": 0.6}})
    per_type = {
        f"{t}_{k}.parquet" for t in ("user", "item") for k in ("vector", "clusters", "tokens", "neighbours")
    }
    books = {
        f"codebooks/{t}_{c}.{end}"
        for t in ("user", "item")
        for c in ("cluster_ids", "rq_tokens")
        for end in ("json", "safetensors")
    }
    assert set(content(snapshot.folder)) == per_type | books | {"manifest.json"}
    assert set(snapshot.manifest.files) == per_type | books
    time = pa.timestamp("us", tz="UTC")
    stamps = [("event_timestamp", time), ("created_timestamp", time)]
    item = [("item_id", pa.string())]
    expected = {
        "vector": [*item, ("vector", pa.list_(pa.float32(), 8)), *stamps],
        "clusters": [
            *item,
            ("cluster_ids", pa.list_(pa.int64())),
            ("cluster_weights", pa.list_(pa.float32())),
            *stamps,
        ],
        "tokens": [*item, ("rq_tokens", pa.list_(pa.int64())), *stamps],
        "neighbours": [
            *item,
            ("neighbour_ids", pa.list_(pa.string())),
            ("neighbour_scores", pa.list_(pa.float32())),
            *stamps,
        ],
    }
    for kind, fields in expected.items():
        schema = snapshot.table("item", kind).schema
        assert schema.names == [name for name, _ in fields]
        for name, dtype in fields:
            got = schema.field(name).type
            inner = pa.types.is_list(dtype) or pa.types.is_fixed_size_list(dtype)
            assert (got.value_type if inner else got) == (dtype.value_type if inner else dtype), name
            if pa.types.is_fixed_size_list(dtype):
                assert got.list_size == dtype.list_size
    assert snapshot.table("user", "neighbours").schema.field("neighbour_ids").type.value_type == pa.int64()
    manifest = Snapshot.open(snapshot.folder).manifest
    assert manifest.kinds == ["vector", "clusters", "tokens", "neighbours"]
    assert manifest.health == {"user": {"coverage": 0.6}}
    assert [book.id for book in manifest.codebooks] == [book.id for book in features.codebooks]
    assert manifest.nodes["user"].catalogue == 100
    assert manifest.nodes["user"].id_type == "int64"
    assert manifest.nodes["item"].id_type == "string"


def test_every_row_carries_as_of_and_no_publish_time_before_publishing(tmp_path: Path) -> None:
    rows = write_snapshot(embeddings(), tmp_path / "runs").table("user")
    assert set(rows.column("event_timestamp").to_pylist()) == {AS_OF}
    assert rows.column("created_timestamp").null_count == 60


def test_duckdb_reads_the_same_vectors(tmp_path: Path) -> None:
    made = embeddings()
    path = write_snapshot(made, tmp_path / "runs").path("user", "vector")
    rows = duckdb.execute("SELECT user_id, vector FROM read_parquet(?)", [str(path)]).fetchall()
    assert [row[0] for row in rows] == made.tables["user"].ids.to_pylist()
    np.testing.assert_array_equal(np.array([r[1] for r in rows], np.float32), made.tables["user"].vectors)


def test_the_run_id_is_known_before_the_work_and_depends_on_every_input(
    tmp_path: Path, features: Features
) -> None:
    made = features.embeddings.provenance
    inputs = {"config": made.config, "seed": made.seed, "graph_fingerprint": made.graph_fingerprint}
    first = run_id(made.method, made.as_of, **inputs)
    assert first.startswith("toy-20260301T123015Z-")
    assert write_snapshot(features.embeddings, tmp_path / "a").manifest.run_id == first
    derived = run_id(made.method, made.as_of, **inputs, parent="p", derived=features.recipe)
    assert write_snapshot(features, tmp_path / "b", parent="p").manifest.run_id == derived
    others = [
        run_id("other", made.as_of, **inputs),
        run_id(made.method, made.as_of + timedelta(microseconds=1), **inputs),
        run_id(made.method, made.as_of, **inputs | {"config": {"lr": 0.2}}),
        run_id(made.method, made.as_of, **inputs | {"seed": 1}),
        run_id(made.method, made.as_of, **inputs | {"graph_fingerprint": "f2"}),
        run_id(made.method, made.as_of, **inputs, parent="p"),
        derived,
    ]
    assert len({first, *others}) == 8


def test_the_run_id_does_not_depend_on_the_zone_as_of_is_written_in() -> None:
    zoned = AS_OF.astimezone(datetime.strptime("+0300", "%z").tzinfo)
    a, b = (run_id("m", t, config={}, seed=0, graph_fingerprint="") for t in (AS_OF, zoned))
    assert a == b


def test_find_snapshot(tmp_path: Path) -> None:
    written = write_snapshot(embeddings(), tmp_path / "runs")
    found = find_snapshot(tmp_path / "runs", written.manifest.run_id)
    assert found is not None
    assert found.manifest == written.manifest
    assert find_snapshot(tmp_path / "runs", "toy-none") is None
    with pytest.raises(ConfigError, match="not allowed"):
        find_snapshot(tmp_path / "runs", "../runs")


def test_a_run_is_never_written_twice(tmp_path: Path) -> None:
    write_snapshot(embeddings(), tmp_path / "runs")
    with pytest.raises(SnapshotError, match="exists already"):
        write_snapshot(embeddings(), tmp_path / "runs")


def test_list_is_in_order_of_time_and_passes_over_junk(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    for days in (2, 0, 1):
        write_snapshot(embeddings(as_of=AS_OF + timedelta(days=days)), root)
    (root / "unfinished").mkdir()
    (root / "notes.txt").write_text("x")
    (root / ".hidden").mkdir()
    (root / ".hidden" / "manifest.json").write_text("{")
    assert [s.manifest.as_of for s in list_snapshots(root)] == [AS_OF + timedelta(days=d) for d in range(3)]
    assert list_snapshots(tmp_path / "nowhere") == []
    (root / "unfinished" / "manifest.json").write_text("{")
    with pytest.raises(SnapshotError, match="unfinished"):
        list_snapshots(root)


def with_vector(value: float) -> np.ndarray:
    vectors = np.ones((3, 2), np.float32)
    vectors[1, 1] = value
    return vectors


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (
            table("user", with_vector(np.nan), [5, 6, 7]),
            "1 vectors hold NaN or infinity, the first of user_id 6",
        ),
        (table("user", with_vector(-np.inf)), "NaN or infinity"),
        (table("user", np.ones((3, 2), np.float32), [1, 2, 1]), "user: 1 duplicate ids"),
        (table("user", np.ones((3, 2), np.float32), [1, None, 2]), "user: 1 null ids"),
        (table("user", np.ones((3, 2), np.float32), [1.5, 2.0, 3.0]), "user: ids of type double"),
        (table("user", np.ones((3, 0), np.float32)), "dim 0"),
    ],
)
def test_bad_tables_are_refused_and_leave_nothing(tmp_path: Path, bad: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        write_snapshot(embeddings({"user": bad}), tmp_path / "runs")  # type: ignore[dict-item]
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_tables_of_different_dim_are_refused(tmp_path: Path) -> None:
    tables = {
        "user": table("user", np.ones((2, 3), np.float32)),
        "item": table("item", np.ones((2, 4), np.float32)),
    }
    with pytest.raises(DataError, match="different dim"):
        write_snapshot(embeddings(tables), tmp_path)


def test_a_space_of_other_vectors_is_refused(tmp_path: Path, features: Features) -> None:
    wrong = Space(family="toy", version=1, dim=8, metric="cosine", scorer="dot")
    with pytest.raises(CompatibilityError, match=r"metric dot.*metric cosine"):
        write_snapshot(features.embeddings, tmp_path, space=wrong)
    with pytest.raises(CompatibilityError, match=r"toy\.s1.*toy\.s2"):
        write_snapshot(features, tmp_path, space=features.space.model_copy(update={"version": 2}))


def test_derived_tables_must_have_the_ids_of_the_vectors_and_no_null(
    tmp_path: Path, features: Features
) -> None:
    clusters = features.tables["user", "clusters"]
    reordered = replace(features, tables={("user", "clusters"): clusters.take(pa.array(range(59, -1, -1)))})
    with pytest.raises(DataError, match="clusters of user: the ids"):
        write_snapshot(reordered, tmp_path)
    nulls = clusters.set_column(1, "cluster_ids", pa.array([[0, None]] * 60, pa.list_(pa.int64())))
    with pytest.raises(DataError, match="'cluster_ids' holds nulls"):
        write_snapshot(replace(features, tables={("user", "clusters"): nulls}), tmp_path)
    with pytest.raises(DataError, match="without vectors"):
        write_snapshot(replace(features, tables={("tag", "clusters"): clusters}), tmp_path)


def edit(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_open_names_what_is_wrong(tmp_path: Path, features: Features) -> None:
    folder = write_snapshot(features, tmp_path / "runs").folder
    good = (folder / "manifest.json").read_text()
    with pytest.raises(SnapshotError, match=r"manifest\.json is missing"):
        Snapshot.open(tmp_path)
    (folder / "manifest.json").write_text(good[:100])
    with pytest.raises(SnapshotError, match="cannot be read"):
        Snapshot.open(folder)
    (folder / "manifest.json").write_text(good)
    edit(folder, format=2, later_field=1)
    with pytest.raises(SnapshotError, match="format 2, this library reads format 1"):
        Snapshot.open(folder)
    edit(folder, format=1)
    with pytest.raises(SnapshotError, match="later_field"):
        Snapshot.open(folder)
    (folder / "manifest.json").write_text(good)
    edit(folder, files={"../../other": "00"})
    with pytest.raises(SnapshotError, match="outside its folder"):
        Snapshot.open(folder)
    edit(folder, files={})
    with pytest.raises(SnapshotError, match="no vectors of 'user'"):
        Snapshot.open(folder)
    (folder / "manifest.json").write_text(good)
    assert Snapshot.open(folder).table("user").num_rows == 60


@pytest.mark.parametrize("name", ["user_vector.parquet", "codebooks/item_rq_tokens.safetensors"])
def test_altered_and_missing_files_are_found(tmp_path: Path, features: Features, name: str) -> None:
    folder = write_snapshot(features, tmp_path / "runs").folder
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(SnapshotError, match=f"{name} is not the file that was written"):
        Snapshot.open(folder)
    (folder / name).unlink()
    with pytest.raises(SnapshotError, match=f"lacks the file {name}"):
        Snapshot.open(folder, verify=False)


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    snapshot = write_snapshot(embeddings(), tmp_path / "runs")
    with pytest.raises(SnapshotError, match=r"no tokens table of 'user'.*\n.*user vector"):
        snapshot.table("user", "tokens")


def test_a_copy_is_stamped_and_else_the_same(tmp_path: Path, features: Features) -> None:
    source = write_snapshot(
        features, tmp_path / "runs", alignment=Alignment(parent_run_id="p", shared_nodes=9, residual=0.1)
    )
    copy = source.copy_to(tmp_path / "repo" / "s" / "run", published=PUBLISHED, feature_view_version=3)
    assert Snapshot.open(copy.folder).manifest == copy.manifest
    unchanged = {"published", "feature_view_version", "files"}
    assert copy.manifest.model_dump(exclude=unchanged) == source.manifest.model_dump(exclude=unchanged)
    assert (copy.manifest.published, copy.manifest.feature_view_version) == (PUBLISHED, 3)
    for node_type, kind in source.tables:
        before, after = source.table(node_type, kind), copy.table(node_type, kind)
        assert set(after.column("created_timestamp").to_pylist()) == {PUBLISHED}
        assert after.drop_columns(["created_timestamp"]).equals(before.drop_columns(["created_timestamp"]))
    assert [book.id for book in load_codebooks(copy)] == [book.id for book in features.codebooks]


def test_a_copy_is_made_once_and_the_same_bytes_anywhere(tmp_path: Path, features: Features) -> None:
    source = write_snapshot(features, tmp_path / "runs")
    first, second = (source.copy_to(tmp_path / r / "run", published=PUBLISHED) for r in "ab")
    assert content(first.folder) == content(second.folder)
    again = source.copy_to(tmp_path / "a" / "run", published=PUBLISHED + timedelta(days=1))
    assert again.manifest.published == PUBLISHED
    other = write_snapshot(embeddings(seed=1), tmp_path / "runs")
    with pytest.raises(SnapshotError, match="other content"):
        other.copy_to(tmp_path / "a" / "run", published=PUBLISHED)


@pytest.mark.parametrize("published", [AS_OF - timedelta(microseconds=1), datetime(2027, 1, 1)])
def test_a_publish_time_must_be_zoned_and_not_before_as_of(tmp_path: Path, published: datetime) -> None:
    source = write_snapshot(embeddings(), tmp_path / "runs")
    with pytest.raises(SnapshotError, match="publish time"):
        source.copy_to(tmp_path / "repo" / "run", published=published)


def test_a_copy_killed_at_any_write_is_not_seen_and_a_rerun_ends_in_the_same_bytes(
    tmp_path: Path, features: Features
) -> None:
    """SIGKILL at the third table, and when the files are being listed."""
    source = write_snapshot(features, tmp_path / "runs")
    whole = content(source.copy_to(tmp_path / "whole" / "run", published=PUBLISHED).folder)
    for stage, (module, point) in enumerate((("artifact.folder", "write_table"), ("records", "sha256_file"))):
        target = tmp_path / f"killed{stage}" / "run"
        script = (
            "import os, sys\nfrom datetime import datetime\nfrom pathlib import Path\n"
            "from embedding_features.artifact import Snapshot\n"
            f"import embedding_features.{module} as room\n"
            f"original, calls = room.{point}, []\n"
            "source = Snapshot.open(Path(sys.argv[1]), verify=False)\n"
            "def kill(*a, **k):\n    calls.append(1)\n"
            f"    if len(calls) == 3:\n        os.kill(os.getpid(), {int(signal.SIGKILL)})\n"
            "    return original(*a, **k)\n"
            f"room.{point} = kill\n"
            "source.copy_to(Path(sys.argv[2]), published=datetime.fromisoformat(sys.argv[3]))\n"
        )
        args = [sys.executable, "-c", script, str(source.folder), str(target), PUBLISHED.isoformat()]
        done = subprocess.run(args, env=os.environ, check=False)
        assert done.returncode == -signal.SIGKILL
        assert not target.exists()
        assert list_snapshots(target.parent) == []
        assert content(source.copy_to(target, published=PUBLISHED).folder) == whole


def test_rows_survive_row_groups(tmp_path: Path) -> None:
    """More rows than one row group holds."""
    vectors = np.arange(140_000, dtype=np.float32)[:, None]
    snapshot = write_snapshot(embeddings({"user": table("user", vectors)}), tmp_path / "runs")
    assert pq.ParquetFile(snapshot.path("user", "vector")).num_row_groups == 2
    np.testing.assert_array_equal(snapshot.vectors("user").vectors, vectors)


def test_as_of_is_utc_to_the_microsecond(tmp_path: Path) -> None:
    zoned = AS_OF.astimezone(datetime.strptime("-0730", "%z").tzinfo)
    snapshot = write_snapshot(embeddings(as_of=zoned), tmp_path / "runs")
    assert snapshot.manifest.as_of == AS_OF
    assert snapshot.table("item").column("event_timestamp")[0].as_py() == AS_OF
