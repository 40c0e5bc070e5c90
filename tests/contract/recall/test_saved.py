"""Folders of recall indexes: whole, checked, mapped; indexes that do not fit are refused."""

from pathlib import Path

import numpy as np
import pytest

from embedding_features.artifact import Snapshot
from embedding_features.errors import CompatibilityError, SnapshotError
from embedding_features.recall import RecallIndex
from tests.contract.recall.recall_indexes import DIM, KINDS, METRICS, K, N, build_all, make_snapshots
from tests.unit.recall.recall_data import skewed


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Snapshot]:
    return make_snapshots(tmp_path_factory.mktemp("recall"))


@pytest.fixture(scope="module")
def indexes(snapshots: dict[str, Snapshot]) -> dict[tuple[str, str], RecallIndex]:
    return build_all(snapshots)


@pytest.fixture(params=[(kind, metric) for kind in KINDS for metric in METRICS], ids="-".join)
def key(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def index(key: tuple[str, str], indexes: dict[tuple[str, str], RecallIndex]) -> RecallIndex:
    return indexes[key]


def test_a_saved_index_answers_the_same(index: RecallIndex, tmp_path: Path) -> None:
    queries = skewed(50, DIM, seed=3)
    index.save(tmp_path / "item")
    back = RecallIndex.load(tmp_path / "item")
    assert back.manifest.model_copy(update={"files": {}}) == index.manifest
    for filters in ({}, {"partition": "books"}, {"deny": [1, 2, 3]}):
        before, after = index.search(queries, K, **filters), back.search(queries, K, **filters)  # type: ignore[arg-type]
        assert after.ids.equals(before.ids)
        np.testing.assert_array_equal(after.scores, before.scores)
    with pytest.raises(SnapshotError, match="exists already"):
        index.save(tmp_path / "item")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".staging", "item"]
    assert not list((tmp_path / ".staging").iterdir())


def test_a_loaded_index_is_read_through_memory_maps(index: RecallIndex, tmp_path: Path) -> None:
    if not Path("/proc/self/maps").exists():
        pytest.skip("no /proc to see maps in")
    index.save(tmp_path / "item")
    back = RecallIndex.load(tmp_path / "item")
    maps = Path("/proc/self/maps").read_text()
    for name in back_files(tmp_path):
        assert str(tmp_path / "item" / name) in maps, name
    assert len(back) == N


def back_files(root: Path) -> list[str]:
    return [p.name for p in (root / "item").iterdir() if p.name != "index.json"]


def test_vectors_cannot_be_written_through(index: RecallIndex, tmp_path: Path) -> None:
    """What a query takes out is a copy."""
    index.save(tmp_path / "item")
    back = RecallIndex.load(tmp_path / "item")
    before = back.vectors_of([3]).vectors.copy()
    back.vectors_of([3]).vectors[:] = 0
    np.testing.assert_array_equal(back.vectors_of([3]).vectors, before)


def test_every_file_cut_short_or_altered_is_refused(index: RecallIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "item")
    for name in back_files(tmp_path):
        path = tmp_path / "item" / name
        data = path.read_bytes()
        for verify in (True, False):
            path.write_bytes(data[:-100])
            with pytest.raises(SnapshotError, match=f"{name} has {len(data) - 100} bytes"):
                RecallIndex.load(tmp_path / "item", verify=verify)
        middle = len(data) // 2
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
        with pytest.raises(SnapshotError, match="SHA-256 differs"):
            RecallIndex.load(tmp_path / "item")
        path.unlink()
        with pytest.raises(SnapshotError, match=f"lacks the file {name}"):
            RecallIndex.load(tmp_path / "item")
        path.write_bytes(data)
    RecallIndex.load(tmp_path / "item")


def test_another_space_run_metric_or_dim_is_refused(
    index: RecallIndex, key: tuple[str, str], snapshots: dict[str, Snapshot], tmp_path: Path
) -> None:
    made = snapshots[key[1]].manifest
    other = made.space.model_copy(update={"version": 2})
    index.save(tmp_path / "item")
    RecallIndex.load(tmp_path / "item", space=made.space, run_id=made.run_id)
    with pytest.raises(CompatibilityError, match=r"toy\.s2.*found the space|toy\.s2.*found toy\.s1"):
        RecallIndex.load(tmp_path / "item", space=other)
    with pytest.raises(CompatibilityError, match=f"run-7.*{made.run_id}"):
        RecallIndex.load(tmp_path / "item", run_id="run-7")
    wrong = "l2" if key[1] != "l2" else "dot"
    with pytest.raises(CompatibilityError, match=f"asked for the metric {wrong}.*metric {key[1]}"):
        RecallIndex.build(snapshots[key[1]], "item", KINDS[key[0]], metric=wrong)  # type: ignore[arg-type]
    with pytest.raises(CompatibilityError, match=r"dim 15.*dim 16"):
        index.search(np.zeros((1, 15), np.float32), K)
