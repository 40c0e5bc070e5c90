"""The contract of an online store, kept by each of ours."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedding_features.testing.online_store import OnlineStoreTests
from embedding_features.testing.online_store.model import check_steps
from tests.store.snapshot_world import make_ids, online_config


class TestSnapshotOnlineStore(OnlineStoreTests):
    @pytest.fixture
    def online_settings(self, tmp_path):
        return online_config("snapshot", tmp_path) | {"path": str(tmp_path / "online")}


class TestRedisEmbeddingOnlineStore(OnlineStoreTests):
    @pytest.fixture
    def online_settings(self, tmp_path, redis_address):
        return online_config("redis", tmp_path, redis_address)


STAMPS = st.tuples(st.integers(0, 4), st.integers(0, 2))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("snapshot"), STAMPS, st.sets(st.integers(0, 5), min_size=1)),
        st.tuples(st.just("push"), STAMPS, st.lists(st.integers(0, 5), min_size=1, max_size=3)),
    ),
    min_size=1,
    max_size=7,
)


@pytest.mark.parametrize("id_type", ["int64", "string"])
def test_any_sequence_of_writes_answers_like_a_dict(make_world, id_type):
    """Snapshots, older snapshots, the same again, pushes, ttl: what is read is what dicts would give."""
    world, ids = make_world(id_type=id_type), make_ids(6, id_type)

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STEPS, st.sampled_from([None, timedelta(days=3)]))
    def check(steps, ttl):
        check_steps(world, ids, steps, ttl)

    check()
