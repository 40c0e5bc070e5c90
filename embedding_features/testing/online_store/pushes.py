"""Tests of rows that are pushed over a snapshot."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from feast import Entity, FeatureView, Field, PushSource, ValueType
from feast.protos.feast.types.Value_pb2 import Value
from feast.types import Array, Float32

from embedding_features.errors import StoreError
from embedding_features.store.marks import marks
from embedding_features.testing.online_store.fixtures import ID_TYPES, MakeRepository, OnlineStoreFixtures
from embedding_features.testing.online_store.model import check_steps
from embedding_features.testing.online_store.repository import OnlineRepository
from embedding_features.testing.online_store.rows import (
    DAY,
    DIM,
    T0,
    entity_key,
    make_ids,
    numbered_values,
    snapshot_table,
)


class PushTests(OnlineStoreFixtures):
    """Tests of pushed rows: they lie over the snapshot until a later one comes."""

    @pytest.fixture
    def pushable(self, make_repository: MakeRepository) -> OnlineRepository:
        """Return a repository with a view ``cold``, whose rows may be pushed."""
        repository = make_repository()
        push = PushSource(name="new_items", batch_source=repository.view.batch_source)
        vector = Field(name="vector", dtype=Array(Float32), tags=marks({"kind": "vector", "dim": str(DIM)}))
        view = FeatureView(
            name="cold",
            entities=[Entity(name="item", join_keys=["item_id"], value_type=ValueType.INT64)],
            schema=[vector],
            source=push,
            ttl=None,
            tags=marks({"space": "s1"}),
        )
        repository.feast.apply([push, view])
        return repository

    def test_pushed_rows_come_online_until_a_later_snapshot(self, pushable: OnlineRepository) -> None:
        """Check Feast's push API: a new item is served at once, and the next snapshot decides."""
        ids, feast = make_ids(5), pushable.feast
        pushable.put("a", snapshot_table(ids[:3], 1))
        feast.materialize(T0 - DAY, T0 + 2 * DAY, ["cold"])
        pushed = snapshot_table(ids[4:], 2, seed=9)
        columns = ["item_id", "vector", "event_timestamp", "created"]
        feast.push("new_items", pushed.select(columns).to_pandas())

        def served() -> list[Any]:
            answer = feast.get_online_features(["cold:vector"], [{"item_id": i} for i in ids])
            vectors: list[Any] = answer.to_dict()["vector"]
            return vectors

        assert [v is None for v in served()] == [False, False, False, True, False]
        assert served()[4] == pushed["vector"].to_pylist()[0]
        pushable.put("b", snapshot_table(ids[:4], 3, seed=2))
        feast.materialize(T0 - DAY, T0 + 4 * DAY, ["cold"])
        assert [v is None for v in served()] == [False, False, False, False, True]

    def test_an_older_push_is_passed_over_and_a_newer_one_outlives_the_snapshot(
        self, make_repository: MakeRepository
    ) -> None:
        """Check which of a push and a snapshot is served, by event, then created time."""
        repository, ids = make_repository(), make_ids(3)
        repository.write(snapshot_table(ids[:2], 5))
        repository.push(snapshot_table(ids[:1], 4, seed=1))
        repository.push(snapshot_table(ids[1:2], 5, seed=2, created=1))
        repository.push(snapshot_table(ids[2:], 9, seed=3))
        assert repository.names(ids) == ["name 0 0", "name 2 0", "name 3 0"]
        assert repository.online.describe(repository.feast.config, repository.view).pushed == 2
        repository.write(snapshot_table(ids[:2], 7, seed=4))
        assert repository.names(ids) == ["name 4 0", "name 4 1", "name 3 0"]
        repository.write(snapshot_table(ids[:2], 7, seed=4))  # a rerun supersedes nothing
        assert repository.names(ids) == ["name 4 0", "name 4 1", "name 3 0"]
        online = repository.online.describe(repository.feast.config, repository.view)
        assert (online.entities, online.pushed) == (2, 1)

    def test_a_bad_row_leaves_all_out(self, make_repository: MakeRepository) -> None:
        """Check that no row of a batch is written when one lacks a feature or a vector."""
        repository, ids = make_repository(), make_ids(2)
        store, config, view = repository.online, repository.feast.config, repository.view
        good = (entity_key(ids[0]), numbered_values(1), T0, None)
        no_feature = {name: value for name, value in numbered_values(2).items() if name != "vector"}
        for values in (no_feature, numbered_values(2) | {"vector": Value()}):
            with pytest.raises(StoreError):
                store.online_write_batch(config, view, [good, (entity_key(ids[1]), values, T0, None)], None)
        assert not repository.read(ids).found.any()

    @ID_TYPES
    def test_any_sequence_of_writes_answers_like_a_dict(
        self, make_repository: MakeRepository, id_type: str
    ) -> None:
        """Check random sequences of snapshots and pushes against :class:`.OnlineModel`."""
        repository, ids = make_repository(id_type=id_type), make_ids(6, id_type)
        rng = np.random.default_rng(0)
        for example in range(10):
            steps = []
            for _ in range(int(rng.integers(1, 8))):
                what = ("snapshot", "push")[int(rng.integers(2))]
                items = rng.choice(6, int(rng.integers(1, 6)), replace=False).tolist()
                steps.append((what, (int(rng.integers(5)), int(rng.integers(3))), items))
            check_steps(repository, ids, steps, timedelta(days=3) if example % 2 else None)
