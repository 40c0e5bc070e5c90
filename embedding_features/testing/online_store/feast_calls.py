"""Tests of Feast's interface of an online store."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus
from feast.protos.feast.types.Value_pb2 import Value

from embedding_features.errors import StoreError
from embedding_features.testing.online_store.fixtures import ID_TYPES, MakeRepository, OnlineStoreFixtures
from embedding_features.testing.online_store.rows import (
    DAY,
    DIM,
    T0,
    entity_key,
    make_ids,
    numbered_values,
    snapshot_table,
    statuses,
)


class FeastTests(OnlineStoreFixtures):
    """Tests of Feast's interface: rows by keys, statuses, versions, projects, and removal."""

    @ID_TYPES
    def test_write_read_update_teardown(self, make_repository: MakeRepository, id_type: str) -> None:
        """Check the life of a view: rows by keys, an update that keeps them, and removal."""
        repository, ids = make_repository(id_type=id_type), make_ids(3, id_type)
        store, config, view = repository.online, repository.feast.config, repository.view
        done: list[int] = []
        data = [(entity_key(key), numbered_values(i), T0 + i * DAY, None) for i, key in enumerate(ids[:2])]
        store.online_write_batch(config, view, data, done.append)
        assert done == [2]
        keys = [entity_key(key) for key in reversed(ids)]
        found = store.online_read(config, view, keys, ["name", "vector"])
        assert found[0] == (None, None)
        for i, (event, values) in enumerate(found[:0:-1]):
            assert event == T0 + i * DAY
            assert values == {name: numbered_values(i)[name] for name in ("name", "vector")}
        all_features = store.online_read(config, view, [entity_key(ids[0])])[0][1]
        assert set(all_features) == {field.name for field in view.features}
        store.update(config, [], [view], [], [], partial=True)
        assert store.online_read(config, view, [entity_key(ids[0])])[0][0] == T0, "update keeps what is there"
        store.update(config, [view], [], [], [], partial=True)
        with pytest.raises(StoreError, match="run feast apply, then materialize"):
            store.online_read(config, view, [entity_key(ids[0])])
        store.update(config, [], [view], [], [], partial=True)
        assert store.online_read(config, view, [entity_key(ids[0])]) == [(None, None)]
        store.teardown(config, [view], [])
        assert store.describe(config, view) is None

    def test_joint_keys_by_rows(self, make_repository: MakeRepository) -> None:
        """Check that entities of several keys are told apart, whatever order their keys come in."""
        repository, names = make_repository(), ("item_id", "user_id")
        store, config, view = repository.online, repository.feast.config, repository.view
        keys = [entity_key(1, "a", names=names), entity_key(1, "b", names=names)]
        data = [(key, numbered_values(i), T0, None) for i, key in enumerate(keys)]
        store.online_write_batch(config, view, data, None)
        swapped = entity_key("b", 1, names=names[::-1])
        found = store.online_read(config, view, [swapped, entity_key(2, "a", names=names)], ["size"])
        assert found == [(T0, {"size": Value(int64_val=1)}), (None, None)]

    def test_projects_do_not_touch_each_other(self, make_repository: MakeRepository) -> None:
        """Check that removing a project leaves another one in the same store."""
        one, other, ids = make_repository("one"), make_repository("other"), make_ids(3)
        one.write(snapshot_table(ids))
        other.write(snapshot_table(ids, seed=1))
        one.online.teardown(one.feast.config, [one.view], [])
        assert other.names(ids) == ["name 1 0", "name 1 1", "name 1 2"]
        with pytest.raises(StoreError, match="nothing is online"):
            one.read(ids)

    def test_versions_are_read_apart(self, make_repository: MakeRepository) -> None:
        """Check that each view version has rows of its own, and that all go with the view."""
        repository, ids = make_repository(versions=True), make_ids(4)
        repository.put("a", snapshot_table(ids, 0))
        repository.materialize()
        repository.view.features[0].tags["run_id"] = "second"
        repository.feast.apply([repository.view])
        repository.put("b", snapshot_table(ids[1:], 1, seed=1))
        repository.feast.materialize(T0 - DAY, T0 + 2 * DAY, ["emb"], version="v1")
        rows = [{"item_id": i} for i in ids]
        expected: dict[str, list[Any]] = {"v0": ["name 0 0", "name 0 1"], "v1": [None, "name 1 0"]}
        for version, names in expected.items():
            refs = [f"emb@{version}:name", f"emb@{version}:vector"]
            assert repository.feast.get_online_features(refs, rows).to_dict()["name"][:2] == names
        store, config = repository.online, repository.feast.config
        store.update(config, [repository.view], [], [], [], partial=True)
        for view in (repository.view, repository.feast.get_feature_view("emb")):
            assert store.describe(config, view) is None, "a deleted view goes with all its versions"

    @ID_TYPES
    def test_the_array_path_equals_get_online_features(
        self, make_repository: MakeRepository, id_type: str
    ) -> None:
        """Check that ``read_arrays`` and ``get_online_features`` answer alike."""
        repository, ids = make_repository(id_type=id_type, ttl=None), make_ids(40, id_type)
        repository.put("a", snapshot_table(ids[:30], 3))
        repository.materialize()
        repository.push(snapshot_table(ids[29:32], 4, seed=1))
        asked = [ids[i] for i in np.random.default_rng(0).integers(0, 40, 60)]
        rows, response = repository.read(asked), repository.get(asked, ("vector", "near", "name", "size"))
        answer = response.to_dict()
        assert [s == FieldStatus.PRESENT for s in statuses(response)] == rows.found.tolist()
        assert 0 < rows.found.sum() < 60
        for name, values in rows.arrays.items():
            for got, found, expected in zip(values.tolist(), rows.found, answer[name], strict=True):
                assert (got if found else None) == expected

    def test_statuses_are_true_to_ttl(self, make_repository: MakeRepository) -> None:
        """Check that rows older than ttl are OUTSIDE_MAX_AGE, and hold no values."""
        repository, ids = make_repository(ttl=timedelta(days=2)), make_ids(4)
        now = (datetime.now(UTC) - T0) / DAY
        repository.write(snapshot_table(ids[:2], now - 3))
        repository.push(snapshot_table(ids[1:3], now - 1, seed=1))
        expected = [
            FieldStatus.OUTSIDE_MAX_AGE,
            FieldStatus.PRESENT,
            FieldStatus.PRESENT,
            FieldStatus.NOT_FOUND,
        ]
        assert statuses(repository.get(ids)) == expected
        rows = repository.read(ids)
        assert rows.expired.tolist() == [True, False, False, False]
        assert rows.found.tolist() == [False, True, True, False]
        assert rows.arrays["name"].tolist() == [None, "name 1 0", "name 1 1", None]

    def test_a_search_finds_the_nearest(self, make_repository: MakeRepository) -> None:
        """Check a vector search over the snapshot and pushed rows against distances computed here."""
        repository, ids = make_repository(), make_ids(30)
        snapshot, pushed = snapshot_table(ids[:25], 1), snapshot_table(ids[20:], 2, seed=1)
        repository.write(snapshot)
        repository.push(pushed)
        vectors = dict(zip(ids, snapshot["vector"].to_pylist(), strict=False))
        vectors |= dict(zip(ids[20:], pushed["vector"].to_pylist(), strict=True))
        query = np.random.default_rng(5).standard_normal(DIM).astype(np.float32)
        away = {i: np.linalg.norm(np.array(vector) - query) for i, vector in vectors.items()}
        store, config = repository.online, repository.feast.config
        found = store.retrieve_online_documents_v2(config, repository.view, ["vector"], query.tolist(), 7)
        nearest = [key.entity_values[1].int64_val for _, key, _ in found]
        assert nearest == sorted(away, key=lambda i: away[i])[:7]
