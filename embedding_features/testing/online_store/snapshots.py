"""Tests of snapshots: written in one step or not at all, and read as arrays."""

import numpy as np
import pyarrow as pa
import pytest
from feast import Field
from feast.types import Int64

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.base import EmbeddingOnlineStore
from embedding_features.testing.online_store.fixtures import ID_TYPES, MakeRepository, OnlineStoreFixtures
from embedding_features.testing.online_store.rows import DAY, DIM, T0, make_ids, snapshot_table


class SnapshotTests(OnlineStoreFixtures):
    """Tests of snapshots: written in one step or not at all, and read as arrays."""

    def test_it_is_one_of_ours(self, make_repository: MakeRepository) -> None:
        """Check that the class is an :class:`.EmbeddingOnlineStore`, whose arrays the client reads."""
        assert isinstance(make_repository().online, EmbeddingOnlineStore)

    @ID_TYPES
    def test_a_snapshot_is_read_as_it_was_written(
        self, make_repository: MakeRepository, id_type: str
    ) -> None:
        """Check values, types, shapes and event times of all features, in the order of the ids."""
        repository, ids = make_repository(id_type=id_type), make_ids(50, id_type)
        written = snapshot_table(ids)
        assert repository.write(written, rows=50) == 50
        order = np.random.default_rng(0).permutation(50)
        rows = repository.read([ids[i] for i in order])
        assert rows.found.all()
        assert not rows.expired.any()
        assert set(rows.event.tolist()) == {int(T0.timestamp() * 1_000_000)}
        for name in ("vector", "near", "name", "size"):
            assert rows.arrays[name].tolist() == written[name].take(pa.array(order)).to_pylist()
        assert rows.arrays["vector"].dtype == np.float32
        assert rows.arrays["vector"].shape == (50, DIM)
        assert rows.arrays["size"].dtype == np.int64

    def test_missing_and_repeated_ids(self, make_repository: MakeRepository) -> None:
        """Check that an id without a row gets NaN or null, and one that is asked for twice two rows."""
        repository, ids = make_repository(), make_ids(3)
        repository.write(snapshot_table(ids[:2]))
        rows = repository.read([ids[2], ids[1], ids[0], ids[1]])
        assert rows.found.tolist() == [False, True, True, True]
        assert rows.arrays["name"].tolist() == [None, "name 0 1", "name 0 0", "name 0 1"]
        assert np.isnan(rows.arrays["vector"][0]).all()
        assert rows.event[0] == 0

    def test_features_are_chosen(self, make_repository: MakeRepository) -> None:
        """Check that the features asked for come in their order, and an unknown one is an error."""
        repository, ids = make_repository(), make_ids(2)
        repository.write(snapshot_table(ids))
        assert list(repository.read(ids, ["size", "name"]).arrays) == ["size", "name"]
        with pytest.raises(StoreError, match="no feature nothing"):
            repository.read(ids, ["nothing"])

    def test_no_ids_and_no_rows(self, make_repository: MakeRepository) -> None:
        """Check that no ids get no rows, and that a snapshot without rows is refused."""
        repository = make_repository()
        assert repository.read([]).found.tolist() == []
        with pytest.raises(StoreError, match="0 moments"):
            repository.write(snapshot_table([]).cast(snapshot_table(make_ids(1)).schema))

    def test_the_next_snapshot_replaces_all_rows(self, make_repository: MakeRepository) -> None:
        """Check that what a later snapshot lacks is gone."""
        repository, ids = make_repository(), make_ids(3)
        repository.write(snapshot_table(ids[:2], 0))
        repository.write(snapshot_table(ids[1:], 1, seed=1))
        assert repository.names(ids) == [None, "name 1 0", "name 1 1"]
        online = repository.online.describe(repository.feast.config, repository.view)
        assert (online.entities, online.pushed) == (2, 0)
        assert online.stamp[0] == int((T0 + DAY).timestamp() * 1_000_000)

    def test_a_feature_that_the_view_has_gained_is_null(self, make_repository: MakeRepository) -> None:
        """Check rows that came online before their view had a feature."""
        repository, ids = make_repository(), make_ids(3)
        repository.write(snapshot_table(ids[:2]))
        repository.view.features.append(Field(name="later", dtype=Int64))
        rows = repository.read(ids)
        assert rows.found.tolist() == [True, True, False]
        assert rows.arrays["later"].tolist() == [None] * 3
        assert rows.arrays["name"].tolist() == ["name 0 0", "name 0 1", None]
