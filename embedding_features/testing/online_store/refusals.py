"""Tests of what an online store refuses, and that what was online stays."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from embedding_features.errors import DataError, StoreError
from embedding_features.testing.online_store.fixtures import MakeRepository, OnlineStoreFixtures
from embedding_features.testing.online_store.rows import DAY, DIM, T0, make_ids, snapshot_table


class RefusalTests(OnlineStoreFixtures):
    """Tests that nothing wrong comes online, and no id is read as another."""

    def test_ids_of_another_type_are_refused(self, make_repository: MakeRepository) -> None:
        """Check that no id is rounded or read as something else."""
        repository, ids = make_repository(), make_ids(2)
        repository.write(snapshot_table(ids))
        bad: list[Any] = [["a"], [1.5], [True], [None], [2**63]]
        for given in bad:
            with pytest.raises(DataError):
                repository.read(given)

    def test_an_older_snapshot_is_refused(self, make_repository: MakeRepository) -> None:
        """Check that neither an earlier moment nor an earlier created time replaces what is online."""
        repository, ids = make_repository(), make_ids(2)
        repository.write(snapshot_table(ids, 2))
        for day, created in ((1, 5), (2, -1)):
            with pytest.raises(StoreError, match="newer than"):
                repository.write(snapshot_table(ids, day, seed=1, created=created))
        assert repository.names(ids) == ["name 0 0", "name 0 1"]

    def test_of_two_rows_of_an_id_the_last_created_counts(self, make_repository: MakeRepository) -> None:
        """Check duplicates: equal created times are an error."""
        repository, ids = make_repository(), make_ids(2)
        new, old = snapshot_table(ids, 1, seed=1, created=2), snapshot_table(ids[:1], 1, created=1)
        assert repository.write(pa.concat_tables([new, old])) == 2
        assert repository.names(ids) == ["name 1 0", "name 1 1"]
        twice = pa.concat_tables([snapshot_table(ids, 3), snapshot_table(ids[:1], 3, seed=2)])
        with pytest.raises(StoreError, match="twice"):
            repository.write(twice)
        assert repository.names(ids) == ["name 1 0", "name 1 1"]

    @pytest.mark.parametrize(
        "replaced",
        [
            {"vector": pa.array([[1.0] * DIM, None], pa.list_(pa.float32()))},
            {"vector": pa.array([[1.0] * DIM, [float("nan")] * DIM], pa.list_(pa.float32()))},
            {"vector": pa.array([[1.0] * DIM, [float("inf")] * DIM], pa.list_(pa.float32()))},
            {"vector": pa.array([[1.0] * DIM, [1.0]], pa.list_(pa.float32()))},
            {"near": pa.array([["a"], ["a", None]], pa.list_(pa.string()))},
            {"name": pa.array(["a", None])},
            {"item_id": pa.array([7, None], pa.int64())},
            {"item_id": pa.array(["a", "b"])},
            {"size": pa.array([1.5, 2.0])},
            {"event_timestamp": pa.array([T0, T0 + DAY], pa.timestamp("us", tz="UTC"))},
            {"event_timestamp": pa.array([T0, None], pa.timestamp("us", tz="UTC"))},
        ],
    )
    def test_a_bad_snapshot_changes_nothing(
        self, make_repository: MakeRepository, replaced: dict[str, pa.Array]
    ) -> None:
        """Check that nulls, NaN, wrong dims, types or times are refused, and what was online stays."""
        repository, ids = make_repository(), make_ids(2)
        repository.write(snapshot_table(ids))
        with pytest.raises(StoreError):
            repository.write(snapshot_table(ids, 1, seed=1, **replaced))
        assert repository.names(ids) == ["name 0 0", "name 0 1"]

    def test_a_snapshot_that_breaks_off_changes_nothing(self, make_repository: MakeRepository) -> None:
        """Check that a snapshot comes whole or not at all."""
        repository, ids = make_repository(), make_ids(4)
        repository.write(snapshot_table(ids))
        later = snapshot_table(ids, 1, seed=1)

        def broken() -> Iterator[pa.RecordBatch]:
            yield from later.slice(0, 2).to_batches()
            raise RuntimeError("the source is gone")

        with pytest.raises(RuntimeError, match="gone"):
            repository.write(pa.RecordBatchReader.from_batches(later.schema, broken()))
        with pytest.raises(StoreError, match="announced"):
            repository.write(later, rows=5)
        assert repository.names(ids) == [f"name 0 {i}" for i in range(4)]
        assert repository.write(later, rows=4) == 4
        assert repository.names(ids) == [f"name 1 {i}" for i in range(4)]
