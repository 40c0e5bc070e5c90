"""Every registered method keeps the contract; a new one is checked by being registered."""

import pytest

from embedding_features.methods import Trained, methods
from embedding_features.testing.registered_method import RegisteredMethodTests


class TestRegisteredMethods(RegisteredMethodTests):
    @pytest.fixture(autouse=True, params=list(methods()))
    def _choose(self, request: pytest.FixtureRequest) -> None:
        self.name = request.param
        if self.info.family == "sequential":  # a batch is of histories, of which there are 50
            self.small = {**self.small, "batch_size": 32}

    def test_its_provenance_names_its_scorer(self) -> None:
        method = self.make()
        expected = method.tasks[0].scorer.name if isinstance(method, Trained) else method.metric
        assert self.fitted().provenance.scorer == expected
