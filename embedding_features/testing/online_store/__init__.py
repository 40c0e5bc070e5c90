"""The contract of an online store, as tests that its author runs on their own class.

::

    from embedding_features.testing.online_store import OnlineStoreTests

    class TestMyStore(OnlineStoreTests):
        @pytest.fixture
        def online_settings(self, tmp_path):
            return {"type": "mine.MyStore", "path": str(tmp_path / "online")}

pytest shows the values of an assertion that fails here when your ``conftest.py`` calls
``pytest.register_assert_rewrite("embedding_features.testing")``.
"""

from embedding_features.testing.online_store.contract import OnlineStoreTests

__all__ = ["OnlineStoreTests"]
