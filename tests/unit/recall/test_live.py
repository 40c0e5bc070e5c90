"""An index that follows its snapshots: swaps under readers, roll back, what stays on disk."""

import threading
from pathlib import Path

import numpy as np
import pytest

from embedding_features.errors import CompatibilityError, DataError, SnapshotError
from embedding_features.recall import HNSW, LiveIndex, RecallIndex
from tests.unit.recall.recall_data import skewed, snapshot_of

VECTORS = skewed(300)


def version(root: Path, number: int, settings: HNSW | None = None) -> RecallIndex:
    """Lengths grow by the factor 2^number: a score tells which snapshot answered."""
    return RecallIndex.build(
        snapshot_of(root, VECTORS * np.float32(2**number), seed=number), "item", settings
    )


@pytest.mark.parametrize("settings", [None, HNSW(links=8, ef_construction=20)], ids=["exact", "hnsw"])
def test_readers_see_one_snapshot_or_the_next_while_they_are_swapped(
    tmp_path: Path, settings: HNSW | None
) -> None:
    versions = [version(tmp_path / "runs", number, settings) for number in range(4)]
    queries = skewed(3, seed=9)
    ids = versions[0].search(queries, 5).ids
    answers = {float(index.search(queries, 5).scores[0, 0]): index.manifest.run_id for index in versions}
    live, reader = LiveIndex(tmp_path / "live"), LiveIndex(tmp_path / "live")
    live.publish(versions[0], keep=1)
    wrong: list[object] = []
    seen: set[str] = set()
    done = threading.Event()

    def read() -> None:
        try:
            while True:
                last = done.is_set()
                index = reader.current()
                hits = index.search(queries, 5)
                if answers.get(float(hits.scores[0, 0])) != index.manifest.run_id or not hits.ids.equals(ids):
                    wrong.append(hits)
                seen.add(index.manifest.run_id)
                if last:
                    return
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for round_ in range(3):
        for index in versions[round_ % 2 :]:
            live.publish(index, keep=1)
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert reader.current().manifest.run_id == versions[-1].manifest.run_id
    assert versions[-1].manifest.run_id in seen


def test_an_index_in_use_outlives_its_folder(tmp_path: Path) -> None:
    live = LiveIndex(tmp_path / "live")
    first = live.publish(version(tmp_path / "runs", 0), keep=1)
    held = live.current()
    before = held.search(VECTORS[:2], 5)
    live.publish(version(tmp_path / "runs", 1), keep=1)
    assert not first.exists()
    np.testing.assert_array_equal(held.search(VECTORS[:2], 5).scores, before.scores)
    assert live.current() is not held


def test_the_same_index_is_given_while_nothing_is_published(tmp_path: Path) -> None:
    live = LiveIndex(tmp_path / "live")
    live.publish(version(tmp_path / "runs", 0))
    assert live.current() is live.current()


def test_rolled_back_to_the_one_before(tmp_path: Path) -> None:
    live = LiveIndex(tmp_path / "live")
    zero, one, two = (version(tmp_path / "runs", number) for number in range(3))
    gone, kept, _ = live.publish(zero), live.publish(one), live.publish(two)
    assert not gone.exists()
    live.point(kept.name)
    assert live.current().manifest.run_id == one.manifest.run_id
    for name in (gone.name, "never"):
        with pytest.raises(SnapshotError, match="no recall index"):
            live.point(name)
    assert live.current().manifest.run_id == one.manifest.run_id


def test_what_does_not_belong_is_refused(tmp_path: Path) -> None:
    index = version(tmp_path / "runs", 0)
    space = index.manifest.space
    live = LiveIndex(tmp_path / "live", space=space.model_copy(update={"version": 7}))
    with pytest.raises(SnapshotError, match="no recall index was published"):
        live.current()
    with pytest.raises(CompatibilityError, match=r"toy\.s7.*toy\.s1"):
        live.publish(index)
    with pytest.raises(DataError, match="keep = 0"):
        LiveIndex(tmp_path / "live").publish(index, keep=0)
    LiveIndex(tmp_path / "live").publish(index)
    with pytest.raises(CompatibilityError, match=r"toy\.s7.*toy\.s1"):
        live.current()
    index.manifest = index.manifest.model_copy(update={"node_type": "user"})
    with pytest.raises(CompatibilityError, match="serves item vectors, not user"):
        LiveIndex(tmp_path / "live").publish(index)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'{"format": 2, "folder": "x"}', b'{"format": 1, "folder": "../x"}']
)
def test_a_broken_pointer_is_refused(tmp_path: Path, data: bytes) -> None:
    live = LiveIndex(tmp_path / "live")
    live.publish(version(tmp_path / "runs", 0))
    (tmp_path / "live" / "current.json").write_bytes(data)
    with pytest.raises(SnapshotError, match=r"current\.json"):
        live.current()
