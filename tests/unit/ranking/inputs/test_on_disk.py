"""Inputs written part by part and mapped are those made in memory, in bounded memory."""

import tracemalloc

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.errors import ConfigError, DataError, LeakError, SnapshotError
from ranking.dataset.dataset import build_dataset
from ranking.dataset.on_disk import build_dataset_on_disk
from ranking.encoders import fit_encoders, load_encoders
from ranking.inputs.inputs import Inputs
from ranking.inputs.on_disk import InputsWriter, open_inputs
from ranking.inputs.spec import RankerSpec
from ranking.log_features.histories import Histories
from ranking.task.labels import load_labels
from tests.ranking_data import SNAPSHOTS, graph_features, small_world
from tests.ranking_raw import FIELDS, ITEM, raw_rows


def all_fields() -> RankerSpec:
    named = (f.model_copy(update={"name": f"f{i}"}) for i, f in enumerate(FIELDS.values()))
    return RankerSpec(fields=(ITEM, *named))


@pytest.mark.parametrize("part", [1, 7, 64, 200])
def test_parts_are_the_whole(tmp_path, part):
    """Every kind of field, whatever the parts; group and domain too."""
    rows = raw_rows(200)
    encoders = fit_encoders(all_fields(), rows, np.ones(200, bool))
    label, codes = np.arange(200, dtype=np.float32), np.arange(200)
    whole = encoders.encode(rows, label)
    whole = Inputs(label, whole.fields, codes, codes % 2)
    with InputsWriter(tmp_path / "inputs") as writer:
        for start in range(0, 200, part):
            here = slice(start, start + part)
            made = encoders.encode(rows.slice(start, part), label[here])
            writer.append(Inputs(label[here], made.fields, codes[here], codes[here] % 2))
    opened = open_inputs(tmp_path / "inputs")
    assert opened.layout() == whole.layout()
    assert opened.fingerprint() == whole.fingerprint()
    opened.label[:] = -1
    assert open_inputs(tmp_path / "inputs").fingerprint() == whole.fingerprint()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    task = small_world(tmp_path_factory.mktemp("world"))
    labels = load_labels(task)
    return task, labels, graph_features(labels)


def joined(features):
    """A store that answers one part after another."""
    start = 0

    def join(frame: pa.Table) -> pa.Table:
        nonlocal start
        part = features.slice(start, len(frame))
        start += len(frame)
        return part

    return join


def test_a_data_set_on_disk_is_that_in_memory(world, tmp_path):
    task, labels, features = world
    histories = Histories(labels, 5, SNAPSHOTS)
    frame = histories.frame(task)
    known = histories.pairs % (len(SNAPSHOTS) + 1) > 0
    values = np.random.default_rng(0).normal(size=(len(frame), 4)).astype(np.float32)
    vectors = pa.chunked_array(
        [
            pa.array(
                [v.tolist() if k else None for v, k in zip(values, known, strict=True)],
                pa.list_(pa.float32(), 4),
            )
        ]
    )
    settings = {"histories": histories, "history_vectors": {"toy_item_vector": vectors}}
    memory = build_dataset(task, labels, features, SNAPSHOTS, **settings)
    disk = build_dataset_on_disk(
        task, labels, joined(features), SNAPSHOTS, tmp_path / "set", part_rows=37, **settings
    )
    assert disk.inputs.fingerprint() == memory.inputs.fingerprint()
    np.testing.assert_array_equal(disk.snapshot_age, memory.snapshot_age)
    for part, rows in memory.parts.items():
        np.testing.assert_array_equal(disk.parts[part], rows)
    saved = load_encoders(tmp_path / "set" / "encoders")
    assert saved.spec == memory.encoders.spec
    with pytest.raises(SnapshotError, match="exists already"):
        build_dataset_on_disk(task, labels, joined(features), SNAPSHOTS, tmp_path / "set")


def test_leaks_and_other_rows_leave_nothing_behind(world, tmp_path):
    task, labels, features = world
    for join, snapshots, error in (
        (joined(features), SNAPSHOTS[1:], LeakError),
        (lambda frame: features.slice(0, 3), SNAPSHOTS, DataError),
    ):
        with pytest.raises(error):
            build_dataset_on_disk(task, labels, join, snapshots, tmp_path / "set", part_rows=100)
        assert not (tmp_path / "set").exists()
        assert not list((tmp_path / ".staging").iterdir())


def test_memory_does_not_grow_with_the_rows(tmp_path):
    """Forty parts take the memory of two: both what numpy and what Arrow hold at once."""
    part = raw_rows(500)
    encoders = fit_encoders(all_fields(), part, np.ones(500, bool))

    def peak(parts: int) -> int:
        pool = pa.proxy_memory_pool(pa.default_memory_pool())
        before = pa.default_memory_pool()
        pa.set_memory_pool(pool)
        tracemalloc.start()
        try:
            with InputsWriter(tmp_path / f"of-{parts}") as writer:
                for _ in range(parts):
                    writer.append(encoders.encode(part))
            return tracemalloc.get_traced_memory()[1] + pool.max_memory()
        finally:
            tracemalloc.stop()
            pa.set_memory_pool(before)

    peak(1)  # caches of the libraries
    assert peak(40) < 1.2 * peak(2)
    assert len(open_inputs(tmp_path / "of-40")) == 20_000


def written(folder):
    encoders = fit_encoders(all_fields(), raw_rows(50), np.ones(50, bool))
    with InputsWriter(folder) as writer:
        writer.append(encoders.encode(raw_rows(50)))
    return folder


def test_a_folder_without_its_end_is_refused(tmp_path):
    def killed():
        with InputsWriter(tmp_path / "inputs") as writer:
            writer.append(fit_encoders(all_fields(), raw_rows(9), np.ones(9, bool)).encode(raw_rows(9)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    with pytest.raises(ConfigError, match=r"no configuration at .*inputs\.json"):
        open_inputs(tmp_path / "inputs")


def test_a_cut_or_lost_file_is_named(tmp_path):
    folder = written(tmp_path / "inputs")
    (file := folder / "1.values.bin").write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"1\.values\.bin is missing or not of 200 bytes"):
        open_inputs(folder)
    file.unlink()
    with pytest.raises(DataError, match=r"1\.values\.bin is missing"):
        open_inputs(folder)


def test_parts_of_other_fields_are_refused(tmp_path):
    whole = fit_encoders(all_fields(), raw_rows(9), np.ones(9, bool)).encode(raw_rows(9))
    with InputsWriter(tmp_path / "inputs") as writer:
        writer.append(whole)
        with pytest.raises(DataError, match="different fields"):
            writer.append(whole.select({whole.fields[0].name}))
