"""Every registered method keeps the contract; a new one is checked by being registered."""

import pytest

from embedding_features.methods import methods
from embedding_features.testing.registered_method import RegisteredMethodTests


class TestRegisteredMethods(RegisteredMethodTests):
    @pytest.fixture(autouse=True, params=list(methods()))
    def _choose(self, request: pytest.FixtureRequest) -> None:
        self.name = request.param

    def test_its_vectors_are_scored_by_their_dot_product(self) -> None:
        assert self.fitted().provenance.scorer == "dot"
