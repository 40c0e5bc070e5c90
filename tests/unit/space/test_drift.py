"""Drift between two snapshots, beside a plain count of the same."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from embedding_features.artifact import Snapshot, Space, write_snapshot
from embedding_features.derive import Clusters, Neighbours, derive, load_codebooks
from embedding_features.errors import CompatibilityError
from embedding_features.space import column_batches
from embedding_features.space import drift as module
from embedding_features.space.drift import Drift, drift
from tests.unit.derive.made_embeddings import AS_OF, embeddings, table

DIM = 6


def snapshot(
    root: Path, ids: list, vectors: np.ndarray, *, like: Snapshot | None = None, k: int = 4, **given
):
    """A snapshot of items with clusters and neighbours; in the space and with the codebook of ``like``."""
    made = embeddings(
        {"item": table("item", vectors.astype(np.float32), ids)}, as_of=AS_OF + given.pop("age")
    )
    codebooks = load_codebooks(like) if like else ()
    space = given.pop("space", like.manifest.space if like else Space.of(made))
    derived = derive(made, Clusters(k=5, top_k=2), Neighbours(k=k), space=space, codebooks=codebooks)
    return write_snapshot(derived, root)


@pytest.fixture(params=["int64", "string"])
def pair(request, tmp_path: Path) -> tuple[Snapshot, Snapshot]:
    """(then, now): 50 items, of which 40 stay in another order, and 15 new ones."""
    rng = np.random.default_rng(0)
    name = (lambda i: 2**60 + i) if request.param == "int64" else (lambda i: f"é{i}")
    old, vectors = np.arange(50), rng.normal(size=(65, DIM))
    kept = np.concatenate([rng.permutation(old)[:40], np.arange(50, 65)])
    then = snapshot(tmp_path, [name(i) for i in old], vectors[old], age=timedelta())
    moved = vectors[kept] + 0.5 * rng.normal(size=(len(kept), DIM))
    now = snapshot(tmp_path, [name(i) for i in kept], moved, like=then, k=3, age=timedelta(days=1))
    return then, now


def rows(snapshot: Snapshot) -> dict:
    """Id → (vector, neighbours, first cluster), read whole."""
    columns = [
        snapshot.table("item").column("vector").to_pylist(),
        snapshot.table("item", "neighbours").column("neighbour_ids").to_pylist(),
        [ids[0] for ids in snapshot.table("item", "clusters").column("cluster_ids").to_pylist()],
    ]
    return dict(
        zip(snapshot.table("item").column("item_id").to_pylist(), zip(*columns, strict=True), strict=True)
    )


def naive(then: Snapshot, now: Snapshot) -> tuple[list[float], float, float]:
    before, after = rows(then), rows(now)
    shared = [key for key in after if key in before]
    cosines, kept, same = [], [], []
    for key in shared:
        a, b = np.float64(before[key][0]), np.float64(after[key][0])
        cosines.append(a @ b / np.sqrt((a @ a) * (b @ b)))
        kept.append(len(set(before[key][1][:3]) & set(after[key][1][:3])) / 3)
        same.append(before[key][2] == after[key][2])
    return cosines, float(np.mean(kept)), float(np.mean(same))


def test_as_counted_plainly(pair: tuple[Snapshot, Snapshot], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a table comes in many pieces."""
    then, now = pair
    monkeypatch.setattr(column_batches, "_ROWS", 7)
    (found,) = drift(now, then)
    cosines, kept, same = naive(then, now)
    assert (found.node_type, found.shared, found.new, found.gone, found.sampled) == ("item", 40, 15, 10, 40)
    assert found.cosines is not None
    np.testing.assert_allclose(found.cosines, cosines, rtol=1e-6)
    assert found.neighbours_kept == pytest.approx(kept)
    assert 0 < kept < 1
    assert found.clusters_kept == pytest.approx(same)
    assert 0 < same < 1


def test_nothing_moved_from_itself(pair: tuple[Snapshot, Snapshot]) -> None:
    (found,) = drift(pair[0], pair[0])
    assert (found.shared, found.new, found.gone) == (50, 0, 0)
    assert found.cosines is not None
    np.testing.assert_allclose(found.cosines, 1)
    assert (found.neighbours_kept, found.clusters_kept) == (1, 1)


def test_a_sample_of_many(pair: tuple[Snapshot, Snapshot], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same nodes again with the same seed, and each of its cosines is one of all."""
    then, now = pair
    (whole,) = drift(now, then)
    monkeypatch.setattr(module, "SAMPLE", 12)
    (found,), (again,), (other,) = (drift(now, then, seed) for seed in (0, 0, 1))
    assert (found.shared, found.sampled) == (40, 12)
    assert found.cosines is not None
    assert np.isin(found.cosines, whole.cosines).all()
    assert found.cosines.tolist() == again.cosines.tolist() != other.cosines.tolist()


def test_another_space_compares_neighbours_only(tmp_path: Path) -> None:
    """A rotation into a new version keeps every neighbour, and no vector or cluster means what it did."""
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(30, DIM))
    turn = np.linalg.qr(rng.normal(size=(DIM, DIM)))[0]
    then = snapshot(tmp_path, list(range(30)), vectors, age=timedelta())
    newer = then.manifest.space.model_copy(update={"version": 2})
    now = snapshot(tmp_path, list(range(30)), vectors @ turn, space=newer, age=timedelta(days=1))
    (found,) = drift(now, then)
    assert (found.cosines, found.clusters_kept) == (None, None)
    assert found.neighbours_kept == 1


def test_what_is_not_there_is_not_told(tmp_path: Path) -> None:
    """Vectors alone; a zero vector has no direction; without shared ids there is nothing to say."""
    vectors = np.eye(3, DIM, dtype=np.float32)
    zeroed = vectors * [[0], [1], [-1]]
    then = write_snapshot(embeddings({"item": table("item", vectors)}), tmp_path)
    later = embeddings({"item": table("item", zeroed.astype(np.float32))}, as_of=AS_OF + timedelta(days=1))
    (found,) = drift(write_snapshot(later, tmp_path), then)
    assert found.cosines is not None
    assert found.cosines.tolist() == [1, -1]
    assert (found.neighbours_kept, found.clusters_kept) == (None, None)
    others = embeddings({"item": table("item", vectors, [7, 8, 9])}, as_of=AS_OF + timedelta(days=2))
    assert drift(write_snapshot(others, tmp_path), then) == [Drift("item", 0, 3, 3, 0, None, None, None)]


def test_ids_of_another_type_are_refused(tmp_path: Path) -> None:
    vectors = np.eye(3, DIM, dtype=np.float32)
    then = write_snapshot(embeddings({"item": table("item", vectors)}), tmp_path)
    later = embeddings({"item": table("item", vectors, list("abc"))}, as_of=AS_OF + timedelta(days=1))
    with pytest.raises(CompatibilityError, match="item ids are string"):
        drift(write_snapshot(later, tmp_path), then)


def test_picked_rows_keep_their_order(
    pair: tuple[Snapshot, Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(column_batches, "_ROWS", 7)
    whole = pair[0].table("item", "neighbours").column("neighbour_scores").combine_chunks()
    asked = np.array([49, 3, 3, 0, 20, 7, 6])
    found = column_batches.values_at(pair[0], "item", "neighbours", "neighbour_scores", asked)
    assert found.to_pylist() == [whole[int(row)].as_py() for row in asked]
    assert column_batches.matrix(found).shape == (7, 4)
