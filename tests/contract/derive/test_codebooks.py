"""What every codebook must do, whatever it is made by."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.artifact import Space, write_snapshot
from embedding_features.derive import (
    Clusters,
    Codebook,
    CodebookSpec,
    ProductTokens,
    QuantileBins,
    ResidualTokens,
    derive,
    load_codebooks,
)
from embedding_features.derive.base import CodebookSpec as Base
from embedding_features.errors import CompatibilityError, DataError, SnapshotError
from tests.unit.derive.made_embeddings import embeddings, table

SPECS: list[CodebookSpec] = [
    Clusters(k=6, top_k=3),
    ProductTokens(parts=2, codes=8),
    ResidualTokens(levels=2, codes=8),
    QuantileBins(bins=5, dims=3),
]
SPACE = Space(family="toy", version=1, dim=8, metric="cosine", scorer="dot")


def vectors(n: int = 120, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 8)).astype(np.float32)


@pytest.fixture(params=SPECS, ids=lambda spec: spec.kind)
def spec(request: pytest.FixtureRequest) -> CodebookSpec:
    return request.param


@pytest.fixture
def book(spec: CodebookSpec) -> Codebook:
    return Codebook.fit(spec, table("item", vectors()), SPACE, seed=0)


def test_every_kind_of_codebook_is_under_this_contract() -> None:
    def leaves(cls: type[Base]) -> set[type[Base]]:
        below = cls.__subclasses__()
        return {cls} if not below else set().union(*(leaves(c) for c in below))

    ours = {c for c in leaves(Base) if c.__module__.startswith("embedding_features.")}
    assert ours == {type(spec) for spec in SPECS}


def test_saved_and_loaded_it_is_the_same_and_applies_the_same(book: Codebook, tmp_path: Path) -> None:
    book.save(tmp_path)
    loaded = Codebook.load(tmp_path, book.name)
    assert (loaded.id, loaded.spec, loaded.space, loaded.record) == (
        book.id,
        book.spec,
        book.space,
        book.record,
    )
    new = vectors(30, seed=1)
    before, after = book.apply(new, SPACE), loaded.apply(new, SPACE)
    assert before.keys() == after.keys()
    assert all(before[column].equals(after[column]) for column in before)


def test_saving_writes_the_same_bytes_again(book: Codebook, tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        book.save(tmp_path / name)
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert files == [f"{book.name}.json", f"{book.name}.safetensors"]
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)


def test_applying_changes_nothing_in_it_and_nothing_in_the_vectors(book: Codebook) -> None:
    before, new = book.id, vectors(30, seed=1)
    kept = new.copy()
    book.apply(new, SPACE)
    assert Codebook(book.spec, book.space, book.node_type, book.arrays).id == before
    np.testing.assert_array_equal(new, kept)


def test_a_row_does_not_depend_on_the_others(book: Codebook) -> None:
    new = vectors(30, seed=1)
    whole = book.apply(new, SPACE)
    parts = [book.apply(new[rows], SPACE) for rows in (slice(0, 1), slice(1, 19), slice(19, 30))]
    for column, values in whole.items():
        joined = pa.concat_arrays([part[column] for part in parts])
        if pa.types.is_floating(values.type.value_type):
            np.testing.assert_allclose(joined.to_pylist(), values.to_pylist(), atol=1e-5)
        else:
            assert joined.equals(values)


def test_its_main_column_is_a_list_of_int64_without_nulls(book: Codebook) -> None:
    columns = book.apply(vectors(5), SPACE)
    assert book.spec.column in columns
    values = columns[book.spec.column]
    assert values.type.value_type == pa.int64()
    assert values.null_count == values.flatten().null_count == 0
    assert [len(v) for v in book.apply(vectors(0), SPACE).values()] == [0] * len(columns)


def test_the_id_names_the_space_and_tells_content_apart(spec: CodebookSpec, book: Codebook) -> None:
    assert book.id.startswith(f"toy.s1.item.{spec.column}.")
    assert Codebook.fit(spec, table("item", vectors()), SPACE, seed=0).id == book.id
    others = [
        Codebook.fit(spec, table("item", vectors(seed=1)), SPACE, seed=0),
        Codebook.fit(spec, table("user", vectors()), SPACE, seed=0),
        Codebook.fit(spec, table("item", vectors()), SPACE.model_copy(update={"version": 2}), seed=0),
        Codebook.fit(spec, table("item", vectors()), SPACE.model_copy(update={"metric": "dot"}), seed=0),
    ]
    assert len({book.id, *(other.id for other in others)}) == 5


@pytest.mark.parametrize("change", [{"version": 2}, {"family": "x"}, {"metric": "dot"}, {"scorer": "cosine"}])
def test_vectors_of_another_space_make_it_stale(book: Codebook, change: dict[str, object]) -> None:
    other = SPACE.model_copy(update=change)
    with pytest.raises(CompatibilityError) as error:
        book.apply(vectors(), other)
    assert all(text in str(error.value) for text in ("stale codebook", book.id, str(SPACE), str(other)))


def test_vectors_of_another_dim_are_refused(spec: CodebookSpec, book: Codebook) -> None:
    with pytest.raises(CompatibilityError, match=r"vectors \(120, 7\) in the space toy.s1 \(dim 8"):
        book.apply(vectors()[:, :7], SPACE)
    with pytest.raises(CompatibilityError, match="dim 8"):
        Codebook.fit(spec, table("item", vectors()[:, :7]), SPACE, seed=0)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_vectors_that_are_not_finite_are_refused(spec: CodebookSpec, book: Codebook, value: float) -> None:
    bad = vectors()
    bad[3, 3] = value
    with pytest.raises(DataError, match=r"1 .*hold NaN or infinity"):
        book.apply(bad, SPACE)
    with pytest.raises(DataError, match="hold NaN or infinity"):
        Codebook.fit(spec, table("item", bad), SPACE, seed=0)


def test_one_vector_is_enough(spec: CodebookSpec) -> None:
    one = Codebook.fit(spec, table("item", vectors(1)), SPACE, seed=0)
    assert all(len(values) == 20 for values in one.apply(vectors(20), SPACE).values())


def test_damage_is_found_on_loading(book: Codebook, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="no codebook at"):
        Codebook.load(tmp_path, book.name)
    book.save(tmp_path)
    arrays, about = (tmp_path / f"{book.name}.{end}" for end in ("safetensors", "json"))
    good = arrays.read_bytes()
    arrays.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(SnapshotError, match=f"says codebook {book.id}, its content is"):
        Codebook.load(tmp_path, book.name)
    arrays.write_bytes(good[: len(good) // 2])
    with pytest.raises(SnapshotError, match="no codebook at"):
        Codebook.load(tmp_path, book.name)
    arrays.write_bytes(good)
    about.write_text(json.dumps(json.loads(about.read_text()) | {"spec": {"kind": "os.system"}}))
    with pytest.raises(SnapshotError, match=r"no CodebookSpec of kind 'os\.system'"):
        Codebook.load(tmp_path, book.name)


def test_a_snapshot_brings_its_codebooks_back(tmp_path: Path) -> None:
    features = derive(embeddings(), *SPECS)
    loaded = load_codebooks(write_snapshot(features, tmp_path / "runs"))
    assert [book.record for book in loaded] == [book.record for book in features.codebooks]
