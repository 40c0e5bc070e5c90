"""Fixtures of the tests of an online store."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from embedding_features.testing.online_store.repository import OnlineRepository

MakeRepository: TypeAlias = Callable[..., OnlineRepository]
#: runs a test with either type of ids
ID_TYPES = pytest.mark.parametrize("id_type", ["int64", "string"])


class OnlineStoreFixtures:
    """Makes repositories over the store that a subclass names."""

    @pytest.fixture
    def online_settings(self) -> dict[str, Any]:
        """Return ``online_store`` of ``feature_store.yaml`` for an empty store; override this fixture."""
        raise NotImplementedError("override the fixture online_settings")

    @pytest.fixture
    def make_repository(self, online_settings: dict[str, Any], tmp_path: Path) -> MakeRepository:
        """Return ``make(project, **settings)``: repositories over one store; a project again reopens it."""

        def make(project: str = "w", **settings: Any) -> OnlineRepository:
            return OnlineRepository(tmp_path / project, online_settings, project=project, **settings)

        return make
