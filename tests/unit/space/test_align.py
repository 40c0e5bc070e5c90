"""Alignment to the parent's space, and when a new version opens."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.artifact import Alignment, Embeddings, Snapshot, Space, write_snapshot
from embedding_features.errors import CompatibilityError, LeakError
from embedding_features.space import AlignmentConfig, align, next_space, place
from embedding_features.space.align import procrustes
from tests.unit.derive.made_embeddings import AS_OF, embeddings, table

DIM = 8
LATER = AS_OF + timedelta(days=1)


def rotation(seed: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(DIM, DIM)))[0]


def rotated(made: Embeddings, by: np.ndarray, as_of: object = LATER) -> Embeddings:
    tables = {t: replace(b, vectors=(b.vectors @ by).astype(np.float32)) for t, b in made.tables.items()}
    return replace(made, tables=tables, provenance=replace(made.provenance, as_of=as_of))


@pytest.fixture
def parent(tmp_path: Path) -> Snapshot:
    return write_snapshot(embeddings(), tmp_path / "runs")


def test_procrustes_by_hand() -> None:
    """A quarter turn, and a reflection, are found exactly."""
    a = np.float64([[1, 0], [0, 2], [3, 1]])
    for turn in (np.float64([[0, 1], [-1, 0]]), np.float64([[0, 1], [1, 0]])):
        np.testing.assert_allclose(procrustes(a, a @ turn), turn, atol=1e-12)


def test_procrustes_beats_every_other_rotation() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 50, DIM))
    best = procrustes(a, b)
    np.testing.assert_allclose(best @ best.T, np.eye(DIM), atol=1e-12)
    error = np.linalg.norm(a @ best - b)
    assert all(np.linalg.norm(a @ rotation(s) - b) > error for s in range(50))
    skew = rng.normal(size=(DIM, DIM)) * 1e-3
    nearby = best @ np.linalg.qr(np.eye(DIM) + skew - skew.T)[0]
    assert np.linalg.norm(a @ nearby - b) > error


def test_a_rotated_copy_is_turned_back(parent: Snapshot) -> None:
    aligned, alignment = align(rotated(embeddings(), rotation(3)), parent)
    assert alignment.residual < 1e-6
    assert (alignment.parent_run_id, alignment.shared_nodes) == (parent.manifest.run_id, 150)
    for node_type, before in embeddings().tables.items():
        np.testing.assert_allclose(aligned.tables[node_type].vectors, before.vectors, atol=1e-5)


def test_dot_products_across_types_stay(parent: Snapshot) -> None:
    new = rotated(embeddings(seed=1), rotation(2))
    aligned, _ = align(new, parent)
    before, after = (e.tables["user"].vectors @ e.tables["item"].vectors.T for e in (new, aligned))
    np.testing.assert_allclose(after, before, atol=1e-4)
    assert aligned.tables["user"].vectors.dtype == np.float32


def test_nodes_are_matched_by_id_not_by_row(parent: Snapshot) -> None:
    """The same vectors in another order, some gone, some new."""
    old = embeddings().tables
    order = np.random.default_rng(0).permutation(60)[:50]
    users = replace(
        old["user"],
        ids=pa.concat_arrays([pa.array([-5, -6]), old["user"].ids.take(pa.array(order))]),
        vectors=np.concatenate([np.full((2, DIM), 9, np.float32), old["user"].vectors[order]]),
    )
    new = rotated(embeddings({"user": users, "item": old["item"]}), rotation(1))
    aligned, alignment = align(new, parent)
    assert alignment.shared_nodes == 140
    assert alignment.residual < 1e-6
    np.testing.assert_allclose(aligned.tables["user"].vectors[2:], old["user"].vectors[order], atol=1e-5)


def test_residual_by_hand(parent: Snapshot) -> None:
    """Vectors half as long: ‖½B - B‖ / ‖B‖ = ½, for the scale is not fitted."""
    assert align(rotated(embeddings(), rotation(0) / 2), parent)[1].residual == pytest.approx(0.5, abs=1e-6)


def planted(seed: int, users: int = 300, items: int = 400, cold: float = 0.0) -> Embeddings:
    """A factorization of noisy planted interests: one world, a noise and a basis a seed."""
    world, noise = np.random.default_rng(99), np.random.default_rng(seed)
    interest, topic = (world.normal(size=(n, DIM)) for n in (users, items))
    clicks = interest @ topic.T + noise.normal(size=(users, items)) * 2
    u, s, vt = np.linalg.svd(clicks, full_matrices=False)
    basis = np.linalg.qr(noise.normal(size=(DIM, DIM)))[0]
    root = np.sqrt(s[:DIM])
    left, right = (u[:, :DIM] * root @ basis, vt[:DIM].T * root @ basis)
    tables = {"user": table("user", left.astype(np.float32)), "item": table("item", right.astype(np.float32))}
    return embeddings(tables, as_of=AS_OF + timedelta(days=seed))


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).mean())


def test_two_fits_of_one_world_agree_after_alignment(tmp_path: Path) -> None:
    """Learning: the same node points the same way, which before alignment it does not."""
    first, second = planted(0), planted(1)
    parent = write_snapshot(first, tmp_path / "runs")
    placement = place(second, parent)
    for node_type in ("user", "item"):
        old = first.tables[node_type].vectors
        assert abs(cosine(old, second.tables[node_type].vectors)) < 0.6
        assert cosine(old, placement.embeddings.tables[node_type].vectors) > 0.97
    assert placement.space == parent.manifest.space
    assert placement.alignment is not None
    assert placement.alignment.residual < 0.25
    assert placement.reason == ""


def test_unrelated_vectors_open_a_new_version_and_stay_as_they_are(tmp_path: Path) -> None:
    """Of unrelated vectors a rotation makes little: the residual is near √2."""
    tables = {
        t: replace(b, vectors=np.random.default_rng(5).permutation(b.vectors))
        for t, b in planted(0).tables.items()
    }
    new = embeddings(tables, as_of=AS_OF + timedelta(days=1))
    placement = place(new, write_snapshot(planted(0), tmp_path / "runs"))
    assert placement.alignment is not None
    assert 1.2 < placement.alignment.residual < np.sqrt(2)
    assert placement.space.version == 2
    assert placement.embeddings is new
    assert "is above 0.8" in placement.reason


def test_the_first_of_a_family() -> None:
    placement = place(embeddings(), None)
    assert placement.space == Space(family="toy", version=1, dim=8, metric="dot", scorer="dot")
    assert placement.alignment is None
    assert place(embeddings(), None, family="shop").space.family == "shop"


def test_the_threshold_is_configured(parent: Snapshot) -> None:
    half = rotated(embeddings(), rotation(0) / 2)
    assert place(half, parent, config=AlignmentConfig(max_residual=0.51)).space.version == 1
    assert place(half, parent, config=AlignmentConfig(max_residual=0.49)).space.version == 2


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (embeddings(dim=9, as_of=LATER), "dim 9"),
        (embeddings(metric="cosine", as_of=LATER), "metric cosine"),
        (embeddings(scorer="cosine", as_of=LATER), "scorer cosine"),
        (
            embeddings({"user": embeddings().tables["user"]}, as_of=LATER),
            "only 60 nodes are in both, needed are 50%",
        ),
        (
            embeddings(
                {"user": table("user", np.ones((60, 8), np.float32), [str(i) for i in range(60)])},
                as_of=LATER,
            ),
            "ids of user are of another type",
        ),
        (embeddings({"tag": table("tag", np.ones((60, 8), np.float32))}, as_of=LATER), "only 0 nodes"),
    ],
)
def test_what_cannot_be_aligned_opens_a_new_version(parent: Snapshot, new: Embeddings, reason: str) -> None:
    with pytest.raises(CompatibilityError, match=f"cannot align to {parent.manifest.run_id}.*{reason}"):
        align(new, parent)
    placement = place(new, parent)
    assert (placement.space.version, placement.alignment, placement.embeddings) == (2, None, new)
    assert placement.space.dim == new.dim
    assert reason in placement.reason


def test_fewer_shared_nodes_than_dimensions_fix_no_rotation(tmp_path: Path) -> None:
    few = embeddings({"user": table("user", np.eye(DIM, dtype=np.float32)[:7])})
    parent = write_snapshot(few, tmp_path / "runs")
    with pytest.raises(
        CompatibilityError, match="only 7 nodes are in both, needed are 50% of its own and 8 or more"
    ):
        align(few, parent)


def test_a_scorer_that_a_rotation_changes_opens_a_new_version(tmp_path: Path) -> None:
    parent = write_snapshot(embeddings(scorer="complex"), tmp_path / "runs")
    placement = place(embeddings(scorer="complex", as_of=LATER), parent)
    assert "the scorer 'complex' changes under rotation" in placement.reason
    assert placement.space.version == 2


def test_a_later_parent_is_a_leak(parent: Snapshot) -> None:
    with pytest.raises(LeakError, match="is later than as_of"):
        place(embeddings(as_of=AS_OF - timedelta(microseconds=1)), parent)


def test_a_parent_of_another_family(parent: Snapshot) -> None:
    with pytest.raises(CompatibilityError, match="of the family 'toy', not 'shop'"):
        place(embeddings(as_of=LATER), parent, family="shop")


def test_next_space() -> None:
    parent = Space(family="f", version=3, dim=8, metric="dot", scorer="dot")
    config = AlignmentConfig(max_residual=0.5)
    close = Alignment(parent_run_id="p", shared_nodes=10, residual=0.5)
    new = parent.model_copy(update={"version": 1})
    assert next_space(parent, new, close, config) == parent
    assert next_space(parent, new, None, config).version == 4
    assert next_space(parent, new, close.model_copy(update={"residual": 0.51}), config).version == 4
    wider = next_space(parent, new.model_copy(update={"dim": 16}), close, config)
    assert (wider.version, wider.dim) == (4, 16)
