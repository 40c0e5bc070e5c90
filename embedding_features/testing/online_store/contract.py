"""All tests of the contract of an online store."""

from embedding_features.testing.online_store.feast_calls import FeastTests
from embedding_features.testing.online_store.histories import HistoryTests
from embedding_features.testing.online_store.pushes import PushTests
from embedding_features.testing.online_store.refusals import RefusalTests
from embedding_features.testing.online_store.snapshots import SnapshotTests


class OnlineStoreTests(SnapshotTests, RefusalTests, FeastTests, PushTests, HistoryTests):
    """Tests all of the contract of an online store: a subclass overrides the fixture ``online_settings``."""
